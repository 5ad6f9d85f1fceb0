import type { TransformFunction } from '../../core/transform.js'
import { functions } from '../registry.js'
import { ITEM_OPERATORS, isCall, operandsOf, operatorOf, STANDARD } from './rule.js'

/**
 * Names that the rule reads from the row, each once, as they are written. `''` stands for the whole row: `{ var: '' }`,
 * or a name that is itself computed. Inside lists a rule sees only the item, so nothing there counts.
 */
export function namesUsed(rule: unknown): string[] {
  const names = new Set<string>()
  collect(rule, names)
  return [...names]
}

function collect(rule: unknown, names: Set<string>): void {
  if (Array.isArray(rule)) {
    for (const item of rule) collect(item, names)
    return
  }
  if (!isCall(rule)) return
  const operator = operatorOf(rule)
  const operands = operandsOf(rule)
  if (operator === 'var') {
    addName(operands[0], names)
    for (const operand of operands.slice(1)) collect(operand, names)
  } else if (operator === 'missing') {
    for (const operand of operands) addNames(operand, names)
  } else if (operator === 'missing_some') {
    collect(operands[0], names)
    addNames(operands[1], names)
  } else {
    operands.forEach((operand, i) => {
      if (!(ITEM_OPERATORS.has(operator) && i === 1)) collect(operand, names)
    })
  }
}

function addName(name: unknown, names: Set<string>): void {
  if (typeof name === 'object' && name !== null) {
    names.add('')
    collect(name, names)
  } else names.add(name === undefined || name === null ? '' : String(name))
}

function addNames(operand: unknown, names: Set<string>): void {
  if (Array.isArray(operand)) for (const item of operand) addName(item, names)
  else addName(operand, names)
}

/** Does the same row always give the same result? False where a function is random. */
export function isPure(rule: unknown): boolean {
  return !usesFunction(rule, (fn, params) => !isPureCall(fn.name, params))
}

/** Does the rule call a function that is so? */
export function usesFunction(
  rule: unknown,
  isSo: (fn: TransformFunction, params: Readonly<Record<string, unknown>>) => boolean,
): boolean {
  if (Array.isArray(rule)) return rule.some(item => usesFunction(item, isSo))
  if (!isCall(rule)) return false
  const operator = operatorOf(rule)
  const operands = operandsOf(rule)
  const fn = STANDARD.has(operator) ? undefined : functions.get(operator)
  if (fn !== undefined && isSo(fn, record(operands.at(-1)))) return true
  return operands.some(operand => usesFunction(operand, isSo))
}

/** Does the rule go through lists? One within the other takes as long as nobody can wait. */
export function usesLists(rule: unknown): boolean {
  if (Array.isArray(rule)) return rule.some(usesLists)
  return isCall(rule) && (ITEM_OPERATORS.has(operatorOf(rule)) || operandsOf(rule).some(usesLists))
}

/** Does the function, with these parameters, always give the same result for the same values? */
export function isPureCall(name: string, params: Readonly<Record<string, unknown>>): boolean {
  const pure = functions.get(name)?.pure ?? true
  return typeof pure === 'boolean' ? pure : pure(params)
}

/** The parameters of a call stand last, where they are an object. */
function record(operand: unknown): Readonly<Record<string, unknown>> {
  return typeof operand === 'object' && operand !== null ? (operand as Record<string, unknown>) : {}
}
