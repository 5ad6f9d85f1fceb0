import type { TableRef } from '../../core/catalog.js'
import { formatTable } from '../../core/catalog.js'
import type { WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { isTransactional, readIndexes } from './catalog.js'
import type { MyConnection } from './connection.js'
import { quoteRef } from './dialect.js'

/** What a writer must know of its table before the first row. */
export interface TargetTable {
  /** Quoted, for SQL. */
  readonly sql: string
  /** The primary key, and the unique keys on exactly the match columns. */
  readonly exists: ReadonlySet<string>
  /** What was loaded in vain can be taken back. */
  readonly transactional: boolean
}

/** A spec whose table names its schema. */
export type ResolvedSpec = WriteSpec & { readonly table: Required<TableRef> }

/** Refuses what could write a row to the wrong place: a match that more than one row may have, or that null leaves out. */
export async function inspectTarget(connection: MyConnection, spec: ResolvedSpec): Promise<TargetTable> {
  const names = [spec.table.schema, spec.table.table]
  const found = await connection.run(
    'select extra from information_schema.columns where table_schema = ? and table_name = ? and column_name = ?',
    [...names, spec.returning?.name ?? spec.columns[0]?.name ?? ''],
  )
  const extra = found.rows[0]?.[0]
  if (extra === undefined) throw refusal(spec, 'E208', 'does not exist', 'create it, or set `create: if_missing`')
  if (spec.returning !== undefined && !/auto_increment/i.test(String(extra))) {
    const message = `cannot tell the generated ${spec.returning.name}: it is no AUTO_INCREMENT`
    throw refusal(spec, 'E217', message, 'make it AUTO_INCREMENT, or map it')
  }
  const unique = (await readIndexes(connection, spec.table)).filter(index => index.unique)
  const matching = unique.filter(index => sameNames(index.columns, spec.match))
  if (spec.mode !== 'insert') checkMatch(spec, matching.length > 0)
  return {
    sql: quoteRef(spec.table),
    exists: new Set(['PRIMARY', ...matching.map(index => index.name)]),
    transactional: await isTransactional(connection, spec.table),
  }
}

function checkMatch(spec: WriteSpec, unique: boolean): void {
  const list = spec.match.join(', ')
  if (spec.match.length === 0) {
    throw refusal(spec, 'E210', `has no key to match rows by for \`load: ${spec.mode}\``, 'name the columns in `match`')
  }
  const missing = spec.match.find(name => !spec.columns.some(column => column.name === name))
  if (missing !== undefined) {
    throw refusal(spec, 'E217', `cannot be matched by ${missing}: nothing is written to it`, 'add it to `fields`')
  }
  const nullable = spec.columns.find(column => spec.match.includes(column.name) && column.nullable)
  if (nullable !== undefined) {
    const hint = 'match by columns that are NOT NULL: two nulls are never the same row'
    throw refusal(spec, 'E217', `cannot be matched by ${nullable.name}: it may be null`, hint)
  }
  if (unique || spec.unkeyed) return
  const message = `cannot be matched by (${list}): no unique key covers exactly these columns`
  throw refusal(spec, 'E217', message, `create a unique index on (${list}), or match by the primary key`)
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(name => b.includes(name))
}

function refusal(spec: WriteSpec, code: 'E208' | 'E210' | 'E217', message: string, hint: string): EtlError {
  return new EtlError(code, `table ${formatTable(spec.table)} ${message}`, { kind: 'usage', hint })
}
