import { EtlError, RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { FunctionContext } from '../../core/transform.js'
import { bindFunction } from '../bind.js'
import { functions } from '../registry.js'
import { splitOperands } from './call.js'
import { binary, eager, less, lessOrEqual, truthy } from './operators.js'
import { isCall, MAX_DEPTH, operandsOf, operatorOf } from './rule.js'
import type { RowScope } from './scope.js'
import { descend, itemLookup, missing, missingSome, operand, rowLookup, rowObject } from './scope.js'

/** A compiled rule. Its data is the frame at the top, and one item inside `map`, `filter` and their like. */
export type Evaluate = (data: unknown) => unknown

/** Compiles rules for one set of names; inside lists there is no row, so `row` is undefined there. */
export interface Compilation {
  readonly row: RowScope | undefined
  readonly context: FunctionContext
  /** For function parameters: constants stay visible inside lists, because they are known now. */
  readonly constants: ReadonlyMap<string, Value>
}

/** @throws EtlError E205, E211 or E212 of kind `usage`; `checkExpression` finds the same with places */
export function compileRule(rule: unknown, compilation: Compilation, depth = 0): Evaluate {
  if (depth > MAX_DEPTH) throw new EtlError('E212', `operators are nested deeper than ${MAX_DEPTH}`, { kind: 'usage' })
  const compile = (part: unknown): Evaluate => compileRule(part, compilation, depth + 1)
  if (Array.isArray(rule)) {
    const parts = rule.map(compile)
    return data => parts.map(part => part(data))
  }
  if (!isCall(rule)) return () => rule
  const operator = operatorOf(rule)
  const operands = operandsOf(rule)
  switch (operator) {
    case 'var':
      return compileVar(operands, compilation, compile)
    case 'if':
    case '?:':
      return compileIf(operands.map(compile))
    case 'and':
      return compileChain(operands.map(compile), false)
    case 'or':
      return compileChain(operands.map(compile), true)
    case 'map':
    case 'filter':
    case 'all':
    case 'none':
    case 'some':
    case 'reduce':
      return compileList(operator, operands, compilation, depth)
    case 'missing':
    case 'missing_some': {
      const lookup = compilation.row === undefined ? itemLookup : rowLookup(compilation.row)
      const run = operator === 'missing' ? missing : missingSome
      const parts = operands.map(compile)
      return data => {
        const args = parts.map(part => part(data))
        return run(data, args, lookup)
      }
    }
  }
  const run = eager.get(operator)
  if (run !== undefined) return compileEager(operator, run, operands.map(compile))
  return compileFunction(operator, operands, compilation, compile)
}

function compileEager(operator: string, run: (args: readonly unknown[]) => unknown, parts: Evaluate[]): Evaluate {
  const [a, b, c] = parts
  const two = binary.get(operator)
  if (parts.length === 2 && two !== undefined && a !== undefined && b !== undefined)
    return data => two(a(data), b(data))
  if (parts.length === 1 && a !== undefined) {
    if (operator === '!') return data => !truthy(a(data))
    if (operator === '!!') return data => truthy(a(data))
  }
  if (
    parts.length === 3 &&
    a !== undefined &&
    b !== undefined &&
    c !== undefined &&
    (operator === '<' || operator === '<=')
  ) {
    const before = operator === '<' ? less : lessOrEqual
    return data => {
      const low = a(data)
      const middle = b(data)
      const high = c(data)
      return before(low, middle) && (high === undefined || before(middle, high))
    }
  }
  return data => run(parts.map(part => part(data)))
}

function compileVar(
  operands: readonly unknown[],
  { row }: Compilation,
  compile: (rule: unknown) => Evaluate,
): Evaluate {
  const [name, fallback] = operands
  // All operands are evaluated, as json-logic-js does, so a default that fails makes the whole fail.
  const rest = operands.slice(1).map(compile)
  const absentOf = (data: unknown): unknown => {
    const values = rest.map(part => part(data))
    return values[0] === undefined ? null : values[0]
  }
  const simple = rest.length === 0 || (rest.length === 1 && typeof fallback !== 'object')
  const constant = fallback === undefined ? null : fallback
  if (typeof name === 'object' && name !== null) {
    const key = compile(name)
    const lookup = row === undefined ? itemLookup : rowLookup(row)
    return data => {
      const wanted = key(data)
      return lookup(data, wanted, absentOf(data))
    }
  }
  if (name === undefined || name === null || name === '') {
    const whole: Evaluate = row === undefined ? data => data : data => rowObject(row, data as readonly unknown[])
    if (simple) return whole
    return data => {
      absentOf(data)
      return whole(data)
    }
  }
  const path = String(name).split('.')
  if (row === undefined) {
    return simple ? data => descend(data, path, 0, constant) : data => descend(data, path, 0, absentOf(data))
  }
  if (!simple) {
    const lookup = rowLookup(row)
    return data => lookup(data, name, absentOf(data))
  }
  return compileRowVar(String(name), path, row, constant)
}

function compileRowVar(name: string, path: readonly string[], row: RowScope, absent: unknown): Evaluate {
  const slot = row.slots.get(name)
  if (slot !== undefined) {
    return frame => {
      const value = (frame as readonly unknown[])[slot]
      return value === undefined ? absent : typeof value === 'bigint' ? operand(value) : value
    }
  }
  const constant = row.constants.get(name)
  if (constant !== undefined) {
    const value = operand(constant)
    return () => value
  }
  const first = row.slots.get(path[0] as string)
  if (first === undefined) return () => absent
  return frame => {
    const value = operand((frame as readonly unknown[])[first])
    return value === undefined ? absent : descend(value, path, 1, absent)
  }
}

function compileIf(parts: readonly Evaluate[]): Evaluate {
  const [test, yes, no] = parts
  if (parts.length === 3 && test !== undefined && yes !== undefined && no !== undefined)
    return data => (truthy(test(data)) ? yes(data) : no(data))
  return data => {
    let i = 0
    for (; i < parts.length - 1; i += 2) if (truthy(parts[i]?.(data))) return parts[i + 1]?.(data)
    return parts.length === i + 1 ? parts[i]?.(data) : null
  }
}

/** `and` stops at the first false part, `or` at the first true one; else the last part's value. */
function compileChain(parts: readonly Evaluate[], stop: boolean): Evaluate {
  return data => {
    let current: unknown
    for (const part of parts) {
      current = part(data)
      if (truthy(current) === stop) return current
    }
    return current
  }
}

type ListOperator = 'map' | 'filter' | 'all' | 'none' | 'some' | 'reduce'

function compileList(
  operator: ListOperator,
  operands: readonly unknown[],
  compilation: Compilation,
  depth: number,
): Evaluate {
  const list = compileRule(operands[0], compilation, depth + 1)
  const each = compileRule(operands[1], { ...compilation, row: undefined }, depth + 1)
  const items = (data: unknown): readonly unknown[] | undefined => {
    const value = list(data)
    return Array.isArray(value) ? value : undefined
  }
  switch (operator) {
    case 'map':
      return data => items(data)?.map(item => each(item)) ?? []
    case 'filter':
      return data => items(data)?.filter(item => truthy(each(item))) ?? []
    case 'all':
      return data => {
        const found = items(data)
        return found !== undefined && found.length > 0 && found.every(item => truthy(each(item)))
      }
    case 'none':
      return data => !(items(data)?.some(item => truthy(each(item))) ?? false)
    case 'some':
      return data => items(data)?.some(item => truthy(each(item))) ?? false
    case 'reduce': {
      const start = operands[2] === undefined ? () => null : compileRule(operands[2], compilation, depth + 1)
      return data => {
        const found = items(data)
        const initial = start(data)
        return found === undefined
          ? initial
          : found.reduce((accumulator, current) => each({ current, accumulator }), initial)
      }
    }
  }
}

function compileFunction(
  operator: string,
  operands: readonly unknown[],
  compilation: Compilation,
  compile: (rule: unknown) => Evaluate,
): Evaluate {
  const fn = functions.get(operator)
  if (fn === undefined) throw new EtlError('E205', `${operator} is no operator and no function`, { kind: 'usage' })
  const call = splitOperands(fn, operands, name => {
    const value = compilation.constants.get(name)
    return value === undefined ? undefined : { value }
  })
  if (typeof call === 'string') throw new EtlError('E211', call, { kind: 'usage' })
  const run = bindFunction(fn, call.params, compilation.context)
  const parts = call.values.map(compile)
  const [only] = parts
  if (fn.values.max === 1 && only !== undefined) return data => run([argument(only(data))])
  // A list, for example of `map`, stands for its items where a function takes any number of values.
  return data => run(parts.flatMap(part => part(data)).map(argument))
}

/** What an operand gives, as a value for a function. */
export function argument(value: unknown): Value {
  if (value === undefined) return null
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value))
    throw new RowError('E414', 'a list or an object cannot be given to a function')
  return value as Value
}
