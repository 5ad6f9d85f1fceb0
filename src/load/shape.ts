import type { ErrorCode } from '../core/codes.js'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import type { FunctionSchema } from './schema.js'

/** The semantic checks look at data that may have the wrong shape; these give the right shape or nothing. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** `a` or `[a, b]` as a list of names. */
export function nameList(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return list(value).filter(item => typeof item === 'string')
}

/** Where the i-th name of `a` or `[a, b]` stands. */
export function namePath(path: DocPath, value: unknown, index: number): DocPath {
  return Array.isArray(value) ? [...path, index] : path
}

export function listed(names: Iterable<string>): string {
  const all = [...names]
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}

/** What the checks of a file share: the names there are, and where problems go. */
export interface Scope {
  readonly sources: readonly string[]
  readonly maps: readonly string[]
  readonly lookups: Readonly<Record<string, unknown>>
  readonly entities: Readonly<Record<string, unknown>>
  /** Names with one value for the whole entity: `$vars.region`, `$run.id`, … */
  readonly constants: ReadonlySet<string>
  readonly functions: ReadonlyMap<string, FunctionSchema>
  readonly defaults: Readonly<Record<string, unknown>>
  /** False where the file switches it off. */
  readonly ledger: boolean
  readonly checkRule: (rule: unknown, names: ReadonlySet<string> | undefined, path: DocPath) => void
  /** Can the function be prepared with the parameters? A pattern, a time zone or a format may turn out to be none. */
  readonly checkCall: (fn: string, params: Readonly<Record<string, unknown>>, path: DocPath) => void
  readonly usedMaps: Set<string>
  readonly usedLookups: Set<string>
  report(code: ErrorCode, path: DocPath, message: string, hint?: string, severity?: Diagnostic['severity']): void
}
