import { parseTable } from '../core/catalog.js'
import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { CheckRule, CheckSpec, Severity } from '../spec/model.js'
import { optional } from './expand-parts.js'
import { list, nameList, record } from './shape.js'
import { tableRef } from './table-ref.js'

export function expandChecks(raw: unknown, path: DocPath): CheckSpec[] {
  return list(raw).map((item, i) => {
    const check = record(item)
    const on = String(check.on ?? 'target')
    const when = check.when ?? (on === 'target' ? 'after' : 'before')
    return {
      ...optional('name', check.name as string | undefined),
      rule: rule(check),
      ...optional('table', check.table === undefined ? undefined : tableRef(check.table)),
      ...optional('where', check.where as string | undefined),
      on,
      phases: when === 'both' ? ['before', 'after'] : [when === 'before' ? 'before' : 'after'],
      severity: (check.severity ?? 'error') as Severity,
      path: [...path, i],
    }
  })
}

function rule(check: Readonly<Record<string, unknown>>): CheckRule {
  const of = (kind: string) => record(check[kind])
  const column = (kind: string): string => String(of(kind).column)
  if (check.unique !== undefined) return { kind: 'unique', columns: nameList(check.unique) }
  if (check.not_null !== undefined) return { kind: 'not_null', columns: nameList(check.not_null) }
  if (check.accepted !== undefined)
    return { kind: 'accepted', column: column('accepted'), values: list(of('accepted').values) as Value[] }
  if (check.range !== undefined) {
    const { min, max } = of('range') as { readonly min?: number; readonly max?: number }
    return { kind: 'range', column: column('range'), ...optional('min', min), ...optional('max', max) }
  }
  if (check.matches !== undefined)
    return { kind: 'matches', column: column('matches'), pattern: String(of('matches').pattern) }
  if (check.references !== undefined) {
    const { table, column: to } = dotted(of('references').to)
    return { kind: 'references', column: column('references'), table, to }
  }
  if (check.consistent !== undefined) {
    const { on, with: other } = of('consistent')
    const { table, column: same } = dotted(other)
    const joined = typeof on === 'string' ? [[on, undefined] as const] : Object.entries(record(on))
    return {
      kind: 'consistent',
      column: column('consistent'),
      table,
      with: same,
      on: joined.map(([here, there]) => [here, there === undefined ? undefined : String(there)]),
    }
  }
  if (check.row_count !== undefined)
    return typeof check.row_count === 'number'
      ? { kind: 'row_count', equals: check.row_count }
      : { kind: 'row_count', ...(of('row_count') as { readonly min?: number }) }
  const { expect } = check
  const expected =
    typeof expect === 'object' && expect !== null ? (expect as { readonly min?: number }) : { value: expect as Value }
  return { kind: 'sql', sql: String(check.sql), ...optional('expect', expect === undefined ? undefined : expected) }
}

/** `table.column` or `schema.table.column`. */
function dotted(raw: unknown) {
  const text = String(raw)
  const dot = text.lastIndexOf('.')
  return { table: parseTable(text.slice(0, dot)), column: text.slice(dot + 1) }
}
