import type { ErrorCode } from '../../core/codes.js'
import type { DocPath } from '../../core/diagnostics.js'
import { EtlError } from '../../core/errors.js'
import { bindFunction } from '../bind.js'
import { paramsProblem } from '../params.js'
import { functions } from '../registry.js'
import { closest } from '../suggest.js'
import { splitOperands } from './call.js'
import { ITEM_OPERATORS, isCall, MAX_DEPTH, operatorOf, STANDARD } from './rule.js'

/** One problem of a rule; `path` starts at the rule. */
export interface ExpressionProblem {
  readonly code: ErrorCode
  readonly message: string
  readonly path: DocPath
  readonly hint?: string
}

export interface CheckOptions {
  /** Columns, `let` names and constants (`$vars.region`) that exist; without them names are not checked. */
  readonly names?: ReadonlySet<string>
  /** Values of the constants that are known already; a parameter that is one of them is checked too. */
  readonly constants?: ReadonlyMap<string, unknown>
}

/** Only the parameters are looked at here, so what a function knows of the run does not matter. */
const CONTEXT = { startedAt: '1970-01-01T00:00:00Z', runId: '' }

/** Why a function cannot be prepared with parameters of the right shape; undefined where it can, or where the shape is wrong. */
export function refusal(name: string, params: Readonly<Record<string, unknown>>): EtlError | undefined {
  const fn = functions.get(name)
  if (fn === undefined || paramsProblem(fn, params) !== undefined) return undefined
  try {
    bindFunction(fn, params, CONTEXT)
    return undefined
  } catch (error) {
    if (!(error instanceof EtlError)) throw error
    return error
  }
}

/** Problems of a rule that can be seen without data; empty when there are none. */
export function checkExpression(rule: unknown, options: CheckOptions = {}): ExpressionProblem[] {
  const problems: ExpressionProblem[] = []
  const { names, constants } = options

  const visit = (part: unknown, path: DocPath, inRow: boolean, depth: number): void => {
    if (typeof part !== 'object' || part === null) return
    if (depth > MAX_DEPTH) {
      if (!problems.some(problem => problem.code === 'E212'))
        problems.push({
          code: 'E212',
          message: `operators are nested deeper than ${MAX_DEPTH}`,
          path,
          hint: 'compute parts of it in let',
        })
      return
    }
    if (Array.isArray(part)) {
      part.forEach((item, i) => {
        visit(item, [...path, i], inRow, depth + 1)
      })
      return
    }
    if (isCall(part)) visitCall(part, path, inRow, depth)
    else visitLiteral(part, path)
  }

  const visitLiteral = (part: object, path: DocPath): void => {
    const operator = Object.keys(part).find(key => STANDARD.has(key) || functions.has(key))
    if (operator === undefined) return
    problems.push({
      code: 'E211',
      message: `an operator stands alone in its object, but ${operator} has other keys beside it`,
      path,
      hint: 'join several conditions with and: { "and": [ …, … ] }',
    })
  }

  const visitCall = (call: Readonly<Record<string, unknown>>, path: DocPath, inRow: boolean, depth: number): void => {
    const operator = operatorOf(call)
    const given = call[operator]
    const operands: readonly unknown[] = Array.isArray(given) ? given : [given]
    const place = (i: number): DocPath => (Array.isArray(given) ? [...path, operator, i] : [...path, operator])
    const arity = STANDARD.get(operator)
    const fn = functions.get(operator)
    if (arity !== undefined) {
      if (operands.length < arity.min || operands.length > arity.max)
        problems.push({
          code: 'E211',
          message: `${operator} ${wants(arity.min, arity.max)}, not ${operands.length}`,
          path,
        })
      if (inRow) checkNames(operator, operands, place)
      operands.forEach((operand, i) => {
        visit(operand, place(i), inRow && !(ITEM_OPERATORS.has(operator) && i === 1), depth + 1)
      })
    } else if (fn !== undefined) {
      let open = false
      const split = splitOperands(fn, operands, name => {
        if (!name.startsWith('$')) return undefined
        if (constants?.has(name) === true) return { value: constants.get(name) }
        open = true
        return { value: undefined }
      })
      if (typeof split === 'string') {
        problems.push({ code: 'E211', message: split, path })
        return
      }
      if (!open) checkParams(fn.name, split.params, path)
      split.values.forEach((operand, i) => {
        visit(operand, place(i), inRow, depth + 1)
      })
    } else {
      const near = closest(operator, [...STANDARD.keys(), ...functions.keys()])
      problems.push({
        code: 'E205',
        message: `${JSON.stringify(operator)} is no operator and no function`,
        path: [...path, operator],
        hint:
          near === undefined
            ? 'an object with one key is always an operator; a table of codes and values belongs under map:'
            : `did you mean ${near}?`,
      })
    }
  }

  const checkParams = (name: string, params: Readonly<Record<string, unknown>>, path: DocPath): void => {
    const fn = functions.get(name)
    if (fn === undefined) return
    try {
      bindFunction(fn, params, CONTEXT)
    } catch (error) {
      if (!(error instanceof EtlError)) throw error
      problems.push({
        code: error.code,
        message: error.message,
        path,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      })
    }
  }

  const checkNames = (operator: string, operands: readonly unknown[], place: (i: number) => DocPath): void => {
    if (names === undefined) return
    const check = (name: unknown, path: DocPath): void => {
      if ((typeof name !== 'string' && typeof name !== 'number') || name === '') return
      const text = String(name)
      if (names.has(text) || names.has(text.split('.')[0] as string)) return
      const near = closest(text, names)
      problems.push({
        code: 'E206',
        message: `${JSON.stringify(text)} is no column and no let name`,
        path,
        ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
      })
    }
    const checkAll = (operand: unknown, path: DocPath): void => {
      if (Array.isArray(operand)) operand.forEach((name, i) => void check(name, [...path, i]))
      else check(operand, path)
    }
    if (operator === 'var') check(operands[0], place(0))
    if (operator === 'missing') operands.forEach((operand, i) => void checkAll(operand, place(i)))
    if (operator === 'missing_some') checkAll(operands[1], place(1))
  }

  visit(rule, [], true, 1)
  return problems
}

function wants(min: number, max: number): string {
  const plural = (count: number): string => `${count} operand${count === 1 ? '' : 's'}`
  if (max === Number.POSITIVE_INFINITY) return `takes at least ${plural(min)}`
  return min === max ? `takes ${plural(min)}` : `takes ${min} to ${plural(max)}`
}
