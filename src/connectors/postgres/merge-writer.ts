import { formatTable } from '../../core/catalog.js'
import type { Payload, WriteResult, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { WriteTrace } from '../../core/write-trace.js'
import type { PgConnection, TextRow } from './connection.js'
import { binaryTypes } from './copy-binary.js'
import type { CopyData } from './copy-data.js'
import { copyRows, type Piece } from './copy-rows.js'
import { pieceOf } from './copy-slices.js'
import { quote, quoteAll } from './dialect.js'
import { type Former, formerReader, jsonRow, tellsTrace } from './merge-trace.js'
import type { Writer } from './target.js'
import type { TargetTable } from './target-table.js'
import { decoderOf } from './types.js'

type Outcome = Omit<WriteResult, 'keys'>

const MANY_DEAD_ROWS = 2000
/** `pg_type.oid` of the number that rows begin with. */
const INT8 = 20

/**
 * `ignore`, `upsert`, `update`: the rows are copied into a temporary table and merged by one statement.
 * The first column of that table is the row's number.
 */
export function mergeWriter(connection: PgConnection, spec: WriteSpec, target: TargetTable, stage: string): Writer {
  const names = spec.columns.map(column => column.name)
  const index = freeName(names)
  const staging = `pg_temp.${quote(stage)}`
  const types = binaryTypes(spec)
  const into = {
    label: formatTable(spec.table),
    relation: staging,
    columns: [index, ...names],
    types: types && [INT8, ...types],
  }
  const traces = tellsTrace(spec, target)
  const merge = mergeSql(spec, target, staging, quote(index), traces)
  const former = traces && spec.mode !== 'ignore' ? formerReader(connection, spec, target, staging) : undefined
  const keysSql =
    spec.returning === undefined
      ? undefined
      : `select t.${quote(spec.returning.name)} from ${staging} s left join ${target.sql} t on ${same(spec.match, 't', 's')} order by s.${quote(index)}`
  let created = false
  /** Rows in the table's file, dead ones too; unknown after a rollback. */
  let rowsInFile = Number.POSITIVE_INFINITY

  const prepare = async (rows: number): Promise<void> => {
    if (!created) {
      await connection.run(
        `create temporary table if not exists ${quote(stage)} as ` +
          `select 0::int8 as ${quote(index)}, ${quoteAll(names)} from ${target.sql} with no data`,
      )
      created = true
    }
    // Truncating (as `on commit delete rows` does) costs some milliseconds; deleting leaves dead rows to scan.
    if (rowsInFile > MANY_DEAD_ROWS) {
      await connection.run(`truncate ${staging}`)
      rowsInFile = 0
    } else if (rowsInFile > 0) {
      await connection.run(`delete from ${staging}`)
    }
    rowsInFile += rows
  }

  const outcome = async (rows: number, first: number): Promise<Outcome> => {
    const before = (await former?.()) ?? NOTHING_THERE
    const result = await connection.run(merge, [], { exists: new Set<string>() })
    if (spec.mode === 'update') {
      const missing = result.rows.map(row => Number(row[0]) - first).sort((a, b) => a - b)
      const counts = { inserted: 0, updated: rows - missing.length, skipped: 0, missing }
      return traces ? { ...counts, trace: traceOf(before, 0, '') } : counts
    }
    const [made, merged, keys] = result.rows[0] as TextRow
    const inserted = Number(made)
    const [updated, skipped] = spec.mode === 'ignore' ? [0, rows - inserted] : [rows - inserted, 0]
    const counts = { inserted, updated, skipped, missing: [] }
    if (!traces) return counts
    if (former !== undefined && Number(merged) - inserted > before.updated.count + before.own) throw raced(connection)
    return { ...counts, trace: traceOf(before, inserted, keys ?? '') }
  }

  const keys = async (): Promise<{ keys?: Value[] }> => {
    if (keysSql === undefined || spec.returning === undefined) return {}
    const decode = decoderOf(spec.returning.type, true)
    const result = await connection.run(keysSql)
    return { keys: result.rows.map(row => (row[0] === null || row[0] === undefined ? null : decode(row[0]))) }
  }

  const merged = async (pieces: readonly Piece[], rows: number, from: number, first: number): Promise<WriteResult> => {
    await prepare(rows)
    await copyRows(connection, into, pieces, from)
    return { ...(await outcome(rows, first)), ...(await keys()) }
  }

  return {
    traces,
    write: (payload, from, to) => merged([pieceOf(payload, from, to)], to - from, from, firstOf(payload)),
    writeAll: payloads => {
      const pieces = payloads.map(payload => pieceOf(payload, 0, payload.rows))
      const rows = payloads.reduce((sum, payload) => sum + payload.rows, 0)
      return merged(pieces, rows, 0, firstOf(payloads[0]))
    },
    transactionEnded: committed => {
      if (committed) return
      // A rollback, even to a savepoint, may have taken the table with it.
      created = false
      rowsInFile = Number.POSITIVE_INFINITY
    },
    close: async () => {
      // In a failed transaction nothing can be dropped, and the rollback or the session's end does it.
      if (created) await connection.run(`drop table if exists ${staging}`).catch(() => {})
    },
  }
}

function mergeSql(spec: WriteSpec, target: TargetTable, staging: string, index: string, traces: boolean): string {
  const { mode } = spec
  const names = spec.columns.map(column => column.name)
  const match = quoteAll(spec.match)
  const changed = names.filter(name => !spec.match.includes(name))
  // With nothing else to set, the match columns are set to themselves: the row counts and its triggers run.
  const set = changed.length > 0 ? changed : spec.match
  const first = mode === 'ignore' ? 'asc' : 'desc'
  // In the order of the key, so that two writers lock rows in the same order.
  const winners = `select distinct on (${match}) * from ${staging} order by ${match}, ${index} ${first}`
  if (mode === 'update') {
    const assignments = set.map(name => `${quote(name)} = d.${quote(name)}`).join(', ')
    return (
      `with d as (${winners}), u as (update ${target.sql} t set ${assignments} from d where ${same(spec.match, 't', 'd')} ` +
      `returning ${spec.match.map(name => `d.${quote(name)}`).join(', ')}) ` +
      `select s.${index} from ${staging} s where not exists (select 1 from u where ${same(spec.match, 'u', 's')})`
    )
  }
  const overriding = spec.columns.some(column => column.generated === 'always') ? 'overriding system value ' : ''
  const rows = `insert into ${target.sql} (${quoteAll(names)}) ${overriding}select ${quoteAll(names)} from d `
  const key = spec.match.flatMap(name => spec.columns.filter(column => column.name === name))
  const returning = traces ? `returning cast(${jsonRow(key)} as text) as content` : 'returning null as content'
  const told = `select count(*), count(*), string_agg(content, ',') from i`
  if (spec.unkeyed) {
    const absent = `where not exists (select 1 from ${target.sql} t where ${same(spec.match, 't', 'd')}) `
    return `with d as (${winners}), i as (${rows}${absent}${returning}) ${told}`
  }
  const insert = `${rows}on conflict (${match}) do `
  if (mode === 'ignore') return `with d as (${winners}), i as (${insert}nothing ${returning}) ${told}`
  const assignments = set.map(name => `${quote(name)} = excluded.${quote(name)}`).join(', ')
  const upsert = `${insert}update set ${assignments} ${returning}`
  // A row that this statement made has no older version; a partitioned table does not show that.
  return target.partitioned
    ? `with d as (${winners}), n as (select count(*) from d where not exists (select 1 from ${target.sql} t where ${same(spec.match, 't', 'd')})), ` +
        `i as (${upsert}) select n.count, done.count from n, (select count(*) from i) done`
    : `with d as (${winners}), i as (${upsert}, (xmax = 0) as new) ` +
        `select count(*) filter (where new), count(*), string_agg(content, ',') filter (where new) from i`
}

function same(match: readonly string[], left: string, right: string): string {
  return match.map(name => `${left}.${quote(name)} = ${right}.${quote(name)}`).join(' and ')
}

const NOTHING_THERE: Former = { updated: { count: 0, json: '' }, versions: { count: 0, json: '' }, own: 0 }

function traceOf({ updated, versions }: Former, inserted: number, keys: string): WriteTrace {
  return { inserted: { count: inserted, json: keys }, updated, versions }
}

function raced({ where }: PgConnection): EtlError {
  return new EtlError('E307', 'somebody wrote the same rows at the same time', { kind: 'transient', where })
}

function firstOf(payload: Payload | undefined): number {
  return (payload?.data as CopyData | undefined)?.first ?? 0
}

function freeName(names: readonly string[]): string {
  let name = 'etl_row'
  while (names.includes(name)) name += '_'
  return name
}
