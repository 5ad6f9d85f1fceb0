import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { HookSpec, HooksSpec, MapSpec } from '../spec/model.js'
import { list, record } from './shape.js'

export function inlineMap(raw: unknown): MapSpec {
  return { entries: Object.entries(record(raw)).map(([code, value]) => [code, value as Value]) }
}

export function expandHooks(raw: unknown, path: DocPath): HooksSpec {
  const statements = (when: string): HookSpec[] =>
    list(record(raw)[when]).map((hook, i) => {
      const long = typeof hook === 'string' ? { sql: hook } : record(hook)
      return { on: String(record(long).on ?? 'target'), sql: String(long.sql), path: [...path, when, i] }
    })
  return { before: statements('before'), after: statements('after') }
}

/** `{ key: value }`, or nothing where there is no value: an absent key and an undefined one are not the same. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V })
}
