import { formatTable } from '../core/catalog.js'
import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { FromSpec, MemberSpec, SingleFromSpec } from '../spec/model.js'
import { optional } from './expand-parts.js'
import { list, nameList, record, text } from './shape.js'
import { tableRef } from './table-ref.js'

/** Writes out where an entity's rows come from. */
export function expandFrom(raw: unknown, onlySource: string, path: DocPath): FromSpec {
  const { union } = record(raw)
  if (union === undefined) return expandPlace(raw, onlySource)
  return { kind: 'union', members: list(union).map((each, i) => expandMember(each, onlySource, [...path, 'union', i])) }
}

function expandPlace(raw: unknown, onlySource: string): SingleFromSpec {
  if (typeof raw === 'string') return { kind: 'table', source: onlySource, table: tableRef(raw) }
  const from = record(raw)
  const source = String(from.source ?? onlySource)
  if (from.rows !== undefined) return { kind: 'rows', rows: from.rows as readonly Readonly<Record<string, Value>>[] }
  if (from.query !== undefined)
    return { kind: 'query', source: from.target === true ? '$target' : source, query: String(from.query) }
  // A file is a table that is called by its path, whose dots are no schema.
  const table = from.file === undefined ? tableRef(from) : { table: String(from.file) }
  const columns = optional('columns', from.columns === undefined ? undefined : nameList(from.columns))
  return from.target === true ? { kind: 'target', table, ...columns } : { kind: 'table', source, table, ...columns }
}

function expandMember(raw: unknown, onlySource: string, path: DocPath): MemberSpec {
  const member = record(raw)
  return {
    name: memberName(member) ?? '',
    from: expandPlace(member, onlySource),
    ...optional('key', member.key === undefined ? undefined : nameList(member.key)),
    ...optional('where', text(member.where)),
    rename: record(member.rename) as Readonly<Record<string, string>>,
    set: record(member.set) as Readonly<Record<string, Value>>,
    path,
  }
}

/** What `$member` holds; undefined where nothing gives the member a name. */
export function memberName(member: Readonly<Record<string, unknown>>): string | undefined {
  const named = text(member.as) ?? text(member.file)
  if (named !== undefined || text(member.table) === undefined) return named
  return formatTable(tableRef(member))
}
