import type { TransformFunction } from '../../core/transform.js'
import { paramsProblem } from '../params.js'
import { functions } from '../registry.js'
import { isCall, operandsOf, operatorOf, STANDARD } from './rule.js'

/** Operands of a function taken apart: the rules that give its values, and its parameters. */
export interface FunctionCall {
  readonly values: readonly unknown[]
  readonly params: Readonly<Record<string, unknown>>
}

/** Resolves a parameter that is no literal; undefined where it cannot be known before the rows. */
export type ResolveConstant = (name: string) => { readonly value: unknown } | undefined

/**
 * Values first, then parameters: in their declared order, or as one literal object.
 * Gives a sentence about what is wrong where the operands fit neither.
 */
export function splitOperands(
  fn: TransformFunction,
  operands: readonly unknown[],
  resolve: ResolveConstant,
): FunctionCall | string {
  const names = Object.keys(fn.params.properties)
  const last = operands.at(-1)
  const named = operands.length > fn.values.min && isParams(fn, last, names, resolve)
  const positional = named ? operands.slice(0, -1) : operands
  const values = positional.slice(0, fn.values.max)
  if (values.length < fn.values.min)
    return `${fn.name} needs ${fn.values.min === 1 ? 'a value' : `${fn.values.min} values`}`
  const given = positional.slice(values.length)
  if (given.length > names.length)
    return `${fn.name} takes ${countOf(fn)} and ${names.length === 0 ? 'no parameters' : `the parameters ${names.join(', ')}`}`
  const entries = named ? Object.entries(last as object) : []
  const params: Record<string, unknown> = {}
  for (const [name, rule] of [...given.map((rule, i) => [names[i] as string, rule] as const), ...entries]) {
    const constant = constantOf(rule, resolve)
    if (constant === undefined)
      return `${fn.name}: parameter ${name} must be a constant, it cannot differ from row to row`
    params[name] = constant.value
  }
  return { values, params }
}

function countOf(fn: TransformFunction): string {
  const { max } = fn.values
  return max === 1 ? 'one value' : max === Number.POSITIVE_INFINITY ? 'values' : `${max} values`
}

/** `{ length: 3 }` is the parameter even where `length` is an operator too, as long as 3 suits the parameter. */
function isParams(fn: TransformFunction, rule: unknown, names: readonly string[], resolve: ResolveConstant): boolean {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return false
  const keys = Object.keys(rule)
  if (keys.length === 0 || !keys.every(key => names.includes(key))) return false
  const [key] = keys as [string]
  if (keys.length > 1 || !(STANDARD.has(key) || functions.has(key))) return true
  const constant = constantOf((rule as Record<string, unknown>)[key], resolve)
  if (constant === undefined) return false
  return (
    constant.value === undefined ||
    !(paramsProblem(fn, { [key]: constant.value })?.includes(` ${key} must be `) ?? false)
  )
}

function constantOf(rule: unknown, resolve: ResolveConstant): { readonly value: unknown } | undefined {
  if (Array.isArray(rule)) {
    const items = rule.map(item => constantOf(item, resolve))
    return items.includes(undefined) ? undefined : { value: items.map(item => item?.value) }
  }
  if (!isCall(rule)) return { value: rule }
  const [name] = operandsOf(rule)
  return operatorOf(rule) === 'var' && typeof name === 'string' ? resolve(name) : undefined
}
