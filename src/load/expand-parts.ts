import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import { parseType } from '../core/types.js'
import type { BackupSpec, EngineSpec, HookSpec, HooksSpec, MapSpec, TypeRule } from '../spec/model.js'
import { list, nameList, record } from './shape.js'

export function inlineMap(raw: unknown): MapSpec {
  return { entries: Object.entries(record(raw)).map(([code, value]) => [code, value as Value]) }
}

export function expandHooks(raw: unknown, path: DocPath): HooksSpec {
  const statements = (when: string): HookSpec[] =>
    list(record(raw)[when]).map((hook, i) => {
      const long = typeof hook === 'string' ? { sql: hook } : record(hook)
      const { on = 'target', sql, transaction = true } = record(long)
      return { on: String(on), sql: String(sql), transaction: transaction === true, path: [...path, when, i] }
    })
  return { before: statements('before'), after: statements('after') }
}

export function expandBackup(raw: unknown): BackupSpec {
  const { dir, keep, scope, encrypt } = record(raw)
  return {
    before: raw === false ? 'never' : raw === undefined ? 'replace' : 'run',
    dir: String(dir ?? 'backups'),
    keep: Number(keep ?? 5),
    scope: scope === 'database' ? 'database' : 'touched',
    ...optional('key', encrypt as string | undefined),
  }
}

export function expandEngine(raw: unknown): EngineSpec {
  const { label, shared, limits } = record(raw)
  return {
    ...optional('label', label as string | undefined),
    shared: shared === true,
    limits: record(limits) as Record<string, number>,
  }
}

/** Rules whose type is none have been reported. */
export function expandTypes(raw: unknown, path: DocPath): TypeRule[] {
  return list(raw).map((item, i) => {
    const { when, to } = record(item)
    const patterns = (key: string) =>
      optional(key, Object.hasOwn(record(when), key) ? nameList(record(when)[key]) : undefined)
    return {
      when: { ...patterns('source'), ...patterns('column'), ...patterns('table') },
      to: parseType(String(to)) ?? { kind: 'any' },
      path: [...path, i],
    }
  })
}

/** `{ key: value }`, or nothing where there is no value: an absent key and an undefined one are not the same. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V })
}
