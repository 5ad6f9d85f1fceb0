import type { TableWriter, WriteResult } from '../../core/connector.js'
import type { Value } from '../../core/row.js'
import type { Destination } from './bulk.js'
import { writeBulk } from './bulk.js'
import type { MyConnection } from './connection.js'
import { quote, quoteAll } from './dialect.js'
import type { ResolvedSpec, TargetTable } from './target-table.js'
import { decoderOf } from './values.js'

/**
 * `ignore`, `upsert`, `update`: the rows go into a temporary table; those that the target has are updated, the others
 * inserted, each by one statement. Never `on duplicate key`: it would take any unique key for the match.
 */
export function mergeWriter(
  connection: MyConnection,
  spec: ResolvedSpec,
  target: TargetTable,
  stage: string,
): TableWriter {
  const names = spec.columns.map(column => column.name)
  const index = freeName(names, 'etl_row')
  const sql = statements(spec, target, quote(stage), quote(index), quote(freeName(names, 'etl_rank')))
  const staging: Destination = {
    table: quote(stage),
    index,
    columns: spec.columns,
    exists: new Set(),
    transactional: true,
  }
  let created = false

  const count = async (statement: string): Promise<number> => {
    const context = { rows: { columns: names, from: 0 }, exists: target.exists }
    return (await connection.run(statement, [], context).catch(withoutRow)).affected
  }

  const outcome = async (rows: number): Promise<WriteResult> => {
    const result = { inserted: 0, updated: 0, skipped: 0, missing: [] }
    if (spec.mode === 'update') {
      const missing = (await connection.run(sql.missing)).rows.map(row => Number(row[0]))
      if (sql.update !== '') await count(sql.update)
      return { ...result, updated: rows - missing.length, missing }
    }
    if (spec.mode === 'upsert' && sql.update !== '') await count(sql.update)
    const inserted = await count(sql.insert)
    const rest = rows - inserted
    return spec.mode === 'ignore' ? { ...result, inserted, skipped: rest } : { ...result, inserted, updated: rest }
  }

  const keys = async (): Promise<{ keys?: Value[] }> => {
    if (spec.returning === undefined) return {}
    const decode = decoderOf(spec.returning.type, true)
    const { rows } = await connection.run(sql.keys)
    return { keys: rows.map(row => (row[0] === null || row[0] === undefined ? null : decode(row[0]))) }
  }

  return {
    write: async (payload, from, end) => {
      // Made anew each time: emptying it would be undone by a rollback, and cost as much.
      if (created) await connection.run(sql.drop)
      await connection.run(sql.create)
      created = true
      await writeBulk(connection, staging, payload, from, end)
      return { ...(await outcome(end - from)), ...(await keys()) }
    },
    close: async () => {
      if (created) await connection.run(sql.drop).catch(() => {})
    },
  }
}

/** The row that the server counts is one of the merge, not of the payload. */
function withoutRow(error: unknown): never {
  if (error instanceof Error && 'row' in error) Object.assign(error, { row: undefined })
  throw error
}

function statements(spec: ResolvedSpec, target: TargetTable, stage: string, index: string, rank: string) {
  const names = spec.columns.map(column => column.name)
  const changed = names.filter(name => !spec.match.includes(name))
  const match = quoteAll(spec.match)
  const same = (left: string, right: string): string =>
    spec.match.map(name => `${left}.${quote(name)} = ${right}.${quote(name)}`).join(' and ')
  const latest = spec.mode === 'ignore' ? 'asc' : 'desc'
  // A temporary table can be named only once in a statement of MySQL: no join with itself.
  const winners =
    `(select r.* from (select s.*, row_number() over (partition by ${match} order by ${index} ${latest}) as ${rank} ` +
    `from ${stage} s) r where r.${rank} = 1)`
  const absent = `not exists (select 1 from ${target.sql} t where ${same('t', 'w')})`
  const set = changed.map(name => `t.${quote(name)} = w.${quote(name)}`).join(', ')
  return {
    create:
      `create temporary table ${stage} (primary key (${index}), key etl_match (${match})) engine = InnoDB ` +
      `select cast(0 as unsigned) as ${index}, ${quoteAll(names)} from ${target.sql} limit 0`,
    drop: `drop temporary table if exists ${stage}`,
    update: set === '' ? '' : `update ${target.sql} t join ${winners} w on ${same('t', 'w')} set ${set}`,
    // In the order of the key, so that two writers lock rows in the same order.
    insert:
      `insert into ${target.sql} (${quoteAll(names)}) select ${quoteAll(names)} from ${winners} w ` +
      `where ${absent} order by ${match}`,
    missing: `select w.${index} from ${stage} w where ${absent} order by w.${index}`,
    keys:
      spec.returning === undefined
        ? ''
        : `select t.${quote(spec.returning.name)} from ${stage} s left join ${target.sql} t on ${same('t', 's')} order by s.${index}`,
  }
}

function freeName(names: readonly string[], wanted: string): string {
  let name = wanted
  while (names.some(other => other.toLowerCase() === name)) name += '_'
  return name
}
