import { formatTable } from '../../core/catalog.js'
import type { WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { readTable } from './catalog.js'
import type { OracleConnection } from './connection.js'

export interface TargetTable {
  /** The primary key's constraint, and those on exactly the match columns: their violation says that the row exists. */
  readonly identifying: ReadonlySet<string>
}

/** Refuses what could write a row to the wrong place: a match that more than one row may have, or that null leaves out. */
export async function inspectTarget(connection: OracleConnection, spec: WriteSpec): Promise<TargetTable> {
  const table = await readTable(connection, { schema: spec.table.schema ?? '', table: spec.table.table })
  if (table === undefined) throw refusal(spec, 'E208', 'does not exist', 'create it, or set `create: if_missing`')
  const sameAs = (columns: readonly string[]): boolean =>
    columns.length === spec.match.length && columns.every(name => spec.match.includes(name))
  const unique = sameAs(table.primaryKey) || table.uniques.some(key => sameAs(key.columns))
  if (spec.mode !== 'insert') checkMatch(spec, unique)
  const { rows } = await connection.run(
    `select constraint_name from all_constraints where owner = :1 and table_name = :2 and constraint_type = 'P'`,
    [table.schema ?? '', table.table],
  )
  const matching = table.uniques.filter(key => sameAs(key.columns)).map(key => key.name)
  return { identifying: new Set([...rows.map(row => String(row[0])), ...matching]) }
}

function checkMatch(spec: WriteSpec, unique: boolean): void {
  if (spec.match.length === 0)
    throw refusal(spec, 'E210', `has no key to match rows by for \`load: ${spec.mode}\``, 'name the columns in `match`')
  const absent = spec.match.find(name => !spec.columns.some(column => column.name === name))
  if (absent !== undefined)
    throw refusal(spec, 'E217', `cannot be matched by ${absent}: nothing is written to it`, 'add it to `fields`')
  const nullable = spec.columns.find(column => spec.match.includes(column.name) && column.nullable)
  if (nullable !== undefined)
    throw refusal(
      spec,
      'E217',
      `cannot be matched by ${nullable.name}: it may be null`,
      'match by columns that are NOT NULL: two nulls are never the same row',
    )
  if (!unique && !spec.unkeyed) {
    const list = spec.match.join(', ')
    throw refusal(
      spec,
      'E217',
      `cannot be matched by (${list}): no unique constraint covers exactly these columns`,
      `create a unique constraint on (${list}), or match by the primary key`,
    )
  }
}

function refusal(spec: WriteSpec, code: 'E208' | 'E210' | 'E217', message: string, hint: string): EtlError {
  return new EtlError(code, `table ${formatTable(spec.table)} ${message}`, { kind: 'usage', hint })
}
