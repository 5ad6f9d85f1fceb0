import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { isCall } from './rule.js'

/** What `{ var: … }` can see of a row: the frame's slots by name, and constants. */
export interface RowScope {
  readonly columns: readonly string[]
  readonly slots: ReadonlyMap<string, number>
  readonly constants: ReadonlyMap<string, Value>
  /** The row as an object, made at most once a row: two uses of it are the same object. Cleared before each row. */
  whole: Record<string, unknown> | undefined
}

export function rowScope(columns: readonly string[], constants: Readonly<Record<string, Value>> = {}): RowScope {
  const slots = new Map<string, number>()
  columns.forEach((name, i) => {
    if (!slots.has(name)) slots.set(name, i)
  })
  return { columns, slots, constants: new Map(Object.entries(constants)), whole: undefined }
}

/** 64-bit integers become numbers where nothing is lost, so that literals and arithmetic work on them. */
export function operand(value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

/** The row as an object. It inherits nothing, and turns into text as any object would. */
export function rowObject(scope: RowScope, frame: readonly unknown[]): Record<string, unknown> {
  if (scope.whole !== undefined) return scope.whole
  const row: Record<string, unknown> = Object.create(null)
  scope.whole = row
  for (const [name, slot] of scope.slots) row[name] = operand(frame[slot])
  Object.defineProperty(row, Symbol.toPrimitive, { value: () => '[object Object]' })
  return row
}

/** The own property; inherited ones (`constructor`, `toString`) do not exist for a rule. */
function own(data: unknown, key: string): unknown {
  return Object.hasOwn(data as object, key) ? (data as Record<string, unknown>)[key] : undefined
}

/** Follows a path; `absent` where it ends early. */
export function descend(data: unknown, path: readonly string[], from: number, absent: unknown): unknown {
  let current = data
  for (let i = from; i < path.length; i++) {
    if (current === null || current === undefined) return absent
    current = own(current, path[i] as string)
    if (current === undefined) return absent
  }
  return current
}

/** Looks a name up that is known only at run time. */
export type Lookup = (data: unknown, key: unknown, absent: unknown) => unknown

export const itemLookup: Lookup = (data, key, absent) =>
  key === undefined || key === null || key === '' ? data : descend(data, String(key).split('.'), 0, absent)

export function rowLookup(scope: RowScope): Lookup {
  return (data, key, absent) => {
    const frame = data as readonly unknown[]
    if (key === undefined || key === null || key === '') return rowObject(scope, frame)
    const name = String(key)
    const slot = scope.slots.get(name)
    if (slot !== undefined) return operand(frame[slot]) ?? (frame[slot] === null ? null : absent)
    const constant = scope.constants.get(name)
    if (constant !== undefined) return operand(constant)
    const path = name.split('.')
    const first = scope.slots.get(path[0] as string)
    if (first === undefined) return absent
    const value = operand(frame[first])
    return value === undefined ? absent : descend(value, path, 1, absent)
  }
}

/** Names come from data here; data that looks like a rule is never run. */
function inert(value: unknown): void {
  if (Array.isArray(value)) value.forEach(inert)
  else if (isCall(value)) throw new RowError('E414', 'an object of the data stands where a name is expected')
}

/** Which of the names have no value: null, empty text or absent. */
export function missing(data: unknown, args: readonly unknown[], lookup: Lookup): unknown[] {
  const keys = Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args
  return keys.filter(key => {
    inert(key)
    const value = Array.isArray(key)
      ? lookup(data, key[0], key[1] === undefined ? null : key[1])
      : lookup(data, key, null)
    return value === null || value === ''
  })
}

/** The missing names, unless at least `need` of them are there. */
export function missingSome(data: unknown, args: readonly unknown[], lookup: Lookup): unknown[] {
  const [need, options] = args as [number, readonly unknown[]]
  const list = Array.isArray(options) ? options : [options]
  list.forEach(inert)
  const absent = missing(data, list, lookup)
  return options.length - absent.length >= need ? [] : absent
}
