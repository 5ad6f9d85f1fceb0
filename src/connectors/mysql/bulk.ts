import type { Column } from '../../core/catalog.js'
import type { Payload } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { MyConnection, Result } from './connection.js'
import { quote, quoteAll } from './dialect.js'
import type { RowsData } from './encoder.js'
import { rowsWithin, SEPARATOR, sliceOf } from './encoder.js'
import type { ErrorContext } from './errors.js'
import { fromServer, isValueWarning } from './errors.js'

/** Where rows go, and in which order their values stand. */
export interface Destination {
  /** Quoted, for SQL. */
  readonly table: string
  /** Before `columns`: the index of the row, in a staging table. */
  readonly index?: string
  readonly columns: readonly Column[]
  readonly exists: ReadonlySet<string>
  readonly transactional: boolean
}

/** Below this a statement of its own costs more than the rows. */
const FEW_ROWS = 32
const STATEMENT_ROWS = 1000
const STATEMENT_BYTES = 1 << 20
const SAVEPOINT = '`etl_load`'

/** Throws for the first value of the range that the server would keep as another one. */
export function checkFaults(payload: Payload, from: number, to: number, where: string): void {
  const fault = (payload.data as RowsData).faults.find(one => one.row >= from && one.row < to)
  if (fault === undefined) return
  const { code, message, row, column, native } = fault
  throw new EtlError(code, message, { kind: 'row', where, row, column, native: native ?? 'not sent' })
}

/** Writes rows by LOAD DATA where the server lets us, else, and to learn what was wrong, by inserts of many rows. */
export async function writeBulk(
  connection: MyConnection,
  to: Destination,
  payload: Payload,
  first: number,
  end: number,
): Promise<void> {
  if (await loaded(connection, to, [sliceOf(payload, first, end)], end - first)) return
  await insertRows(connection, to, payload, first, end)
}

/** The same for all rows of several payloads, by one LOAD DATA. */
export async function writeAllBulk(
  connection: MyConnection,
  to: Destination,
  payloads: readonly Payload[],
): Promise<void> {
  const rows = payloads.reduce((sum, payload) => sum + payload.rows, 0)
  const slices = payloads.map(payload => sliceOf(payload, 0, payload.rows))
  if (await loaded(connection, to, slices, rows)) return
  for (const payload of payloads) await insertRows(connection, to, payload, 0, payload.rows)
}

async function loaded(connection: MyConnection, to: Destination, slices: readonly Buffer[], rows: number) {
  const { localInfile, maxPacket } = connection.server
  const large = slices.some(slice => slice.length > maxPacket / 2)
  return (
    localInfile && to.transactional && (rows >= FEW_ROWS || large) && (await loadData(connection, to, slices, rows))
  )
}

/**
 * LOAD DATA turns bad values, double keys and missing references into warnings. With even one of them
 * all is undone, and false given: the rows go another way.
 */
async function loadData(
  connection: MyConnection,
  to: Destination,
  slices: readonly Buffer[],
  rows: number,
): Promise<boolean> {
  await connection.run(`savepoint ${SAVEPOINT}`)
  let result: Result
  try {
    result = await connection.load(loadSql(to), slices, {})
  } catch (error) {
    if (!(error instanceof EtlError) || error.kind === 'transient') throw error
    await undo(connection)
    return false
  }
  if (result.warnings !== 0 || result.affected !== rows) {
    await undo(connection)
    return false
  }
  await connection.run(`release savepoint ${SAVEPOINT}`)
  return true
}

async function undo(connection: MyConnection): Promise<void> {
  await connection.run(`rollback to savepoint ${SAVEPOINT}`)
  await connection.run(`release savepoint ${SAVEPOINT}`)
}

function loadSql(to: Destination): string {
  const assignments: string[] = []
  const fields = to.columns.map(({ name, type, native }, i) => {
    const make = type.kind === 'bytes' ? `unhex(substr(@etl_${i}, 3))` : `cast(@etl_${i} as unsigned)`
    if (type.kind !== 'bytes' && !native.toLowerCase().startsWith('bit')) return quote(name)
    assignments.push(`${quote(name)} = ${make}`)
    return `@etl_${i}`
  })
  const names = to.index === undefined ? fields : [quote(to.index), ...fields]
  return (
    `load data local infile 'etl' into table ${to.table} character set utf8mb4 ` +
    `fields terminated by ',' optionally enclosed by '\\'' escaped by '\\\\' ` +
    `lines starting by '(' terminated by ')${SEPARATOR.replace('\n', '\\n')}' (${names.join(', ')})` +
    (assignments.length === 0 ? '' : ` set ${assignments.join(', ')}`)
  )
}

/** Inserts bounded by rows and bytes; calls back with each statement's result and size. */
export async function insertRows(
  connection: MyConnection,
  to: Destination,
  payload: Payload,
  first: number,
  end: number,
  done?: (result: Result, rows: number) => void,
): Promise<void> {
  const names = to.columns.map(column => column.name)
  const insert = `insert into ${to.table} (${quoteAll(to.index === undefined ? names : [to.index, ...names])}) values `
  const room = connection.server.maxPacket - Buffer.byteLength(insert) - 64
  for (let from = first; from < end; ) {
    const until = rowsWithin(payload, from, end, STATEMENT_ROWS, Math.min(STATEMENT_BYTES, room))
    const bytes = sliceOf(payload, from, until)
    const context = { rows: { columns: names, from }, exists: to.exists }
    if (bytes.length > room) {
      const hint = 'raise max_allowed_packet of the server'
      const options = { kind: 'row', where: connection.where, row: from, hint, native: '1153' } as const
      throw new EtlError('E420', 'the row is longer than the server takes in one statement', options)
    }
    const values = bytes.toString('utf8', 0, bytes.length - SEPARATOR.length)
    const result = await connection.run(insert + values, [], context)
    if (result.warnings > 0) await refuseWarnings(connection, context)
    done?.(result, until - from)
    from = until
  }
}

/** A note that a value was cut or rounded is an error to us. */
async function refuseWarnings(connection: MyConnection, context: Partial<ErrorContext>): Promise<void> {
  const { rows } = await connection.run('show warnings')
  const found = rows.find(row => isValueWarning(Number(row[1])))
  if (found === undefined) return
  throw fromServer(Number(found[1]), String(found[2]), { where: connection.where, ...context })
}
