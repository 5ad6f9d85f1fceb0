import { createHash } from 'node:crypto'
import { formatTable, type Table, type TableRef } from '../core/catalog.js'
import type { ReadColumn, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { fromJson, type Row, toJson } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import { RowDigest } from './row-digest.js'

/**
 * Tables as lines of JSON, for every database: a header with the tables and the types of their columns, for each table
 * its rows as arrays in the order of the columns and a line that counts them, and a trailer with a digest of all of it.
 */
export const TABLE_DUMP = 'table-dump'
const VERSION = 1
const PIECE = 256 * 1024
const BATCH_ROWS = 5000
const BATCH_BYTES = 8 * 1024 * 1024

export interface DumpedTable extends TableRef {
  readonly columns: readonly { readonly name: string; readonly type: LogicalType; readonly native: string }[]
  /** The order of the rows; empty: in none. */
  readonly key: readonly string[]
  /** Only these of its rows: SQL. */
  readonly where?: string
}

export interface DumpHeader {
  readonly etl: typeof TABLE_DUMP
  readonly v: number
  readonly connector: string
  readonly tables: readonly DumpedTable[]
}

/** What a dump holds of one table. */
export interface TableContent {
  readonly rows: number
  readonly digest: string
}

/** What of a table is dumped: what can be written again. */
export function dumpedTable(table: Table, where?: string): DumpedTable {
  const columns = table.columns
    .filter(column => column.generated !== 'stored' && column.pseudo !== true)
    .map(({ name, type, native }) => ({ name, type, native }))
  const ordered = table.primaryKey.every(name => columns.some(column => column.name === name))
  return {
    ...(table.schema === undefined ? {} : { schema: table.schema }),
    table: table.table,
    columns,
    key: ordered ? table.primaryKey : [],
    ...(where === undefined ? {} : { where }),
  }
}

/**
 * The lines of a dump, in pieces.
 *
 * @param session in a transaction that sees one state
 * @param each called with what was dumped of each table
 */
export async function* writeDump(
  session: Session,
  connector: string,
  tables: readonly DumpedTable[],
  each: (content: TableContent) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const whole = createHash('sha256')
  let rows = 0
  const header: DumpHeader = { etl: TABLE_DUMP, v: VERSION, connector, tables }
  let piece = `${JSON.stringify(header)}\n`
  const taken = (): Buffer => {
    const bytes = Buffer.from(piece)
    whole.update(bytes)
    piece = ''
    return bytes
  }
  for (const [index, table] of tables.entries()) {
    const digest = new RowDigest(table.key.length > 0)
    for await (const row of rowsOf(session, table, signal)) {
      const line = rowLine(row)
      digest.add(line)
      piece += line
      if (piece.length >= PIECE) yield taken()
    }
    const content = { rows: digest.rows, digest: digest.end() }
    rows += content.rows
    each(content)
    piece += `${JSON.stringify({ end: index, ...content })}\n`
  }
  yield taken()
  yield Buffer.from(`${JSON.stringify({ rows, sha256: whole.digest('hex') })}\n`)
}

/** What the table holds now, told as {@link writeDump} tells it. */
export async function contentOf(session: Session, table: DumpedTable, signal: AbortSignal): Promise<TableContent> {
  const digest = new RowDigest(table.key.length > 0)
  for await (const row of rowsOf(session, table, signal)) digest.add(rowLine(row))
  return { rows: digest.rows, digest: digest.end() }
}

export function refOf({ schema, table }: TableRef): TableRef {
  return schema === undefined ? { table } : { schema, table }
}

function rowLine(row: Row): string {
  return `${JSON.stringify(row.map(toJson))}\n`
}

async function* rowsOf(session: Session, table: DumpedTable, signal: AbortSignal): AsyncGenerator<Row> {
  const columns: ReadColumn[] = table.columns.map(({ name, type }) => ({ name, type, decode: false }))
  const order = table.key.map(name => ({ index: columns.findIndex(column => column.name === name), nullable: true }))
  const batches = session.read(
    {
      from: { table: refOf(table) },
      columns,
      order,
      batchRows: BATCH_ROWS,
      batchBytes: BATCH_BYTES,
      ...(table.where === undefined ? {} : { where: table.where }),
    },
    signal,
  )
  for await (const { rows, malformed } of batches) {
    if (malformed !== undefined && malformed.length > 0) {
      throw new EtlError('E540', `${formatTable(table)} holds a row that cannot be read: ${malformed[0]?.message}`, {
        where: formatTable(table),
        hint: 'nothing was written; mend the row, or go on with --no-backup',
      })
    }
    yield* rows
  }
}

export type DumpPart =
  | { readonly kind: 'header'; readonly header: DumpHeader }
  | { readonly kind: 'rows'; readonly table: number; readonly rows: Row[] }
  | ({ readonly kind: 'end'; readonly table: number } & TableContent)

/** Reads a dump to its end. Throws E541 as soon as something is not as it was written: a part given before may be wrong. */
export async function* readDump(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<DumpPart> {
  const whole = createHash('sha256')
  let header: DumpHeader | undefined
  let table = 0
  let total = 0
  let rows: Row[] = []
  let bytes = 0
  let digest: RowDigest | undefined
  let complete = false
  const expected = (): DumpedTable | undefined => header?.tables[table]
  for await (const line of linesOf(chunks)) {
    if (complete) throw damaged(file, 'something follows its last line')
    if (header === undefined) {
      header = parse(line, file) as DumpHeader
      if (header.etl !== TABLE_DUMP || header.v !== VERSION || !Array.isArray(header.tables))
        throw damaged(file, 'it does not begin like a table dump')
      digest = newDigest(expected())
      whole.update(line)
      yield { kind: 'header', header }
      continue
    }
    if (line.startsWith('[')) {
      if (digest === undefined) throw damaged(file, 'rows follow its last table')
      rows.push((parse(line, file) as unknown[]).map(fromJson))
      bytes += line.length
      digest.add(line)
      total++
      whole.update(line)
      if (rows.length < BATCH_ROWS && bytes < BATCH_BYTES) continue
      yield { kind: 'rows', table, rows }
      rows = []
      bytes = 0
      continue
    }
    const mark = parse(line, file) as { end?: number; rows?: number; digest?: string; sha256?: string }
    if (mark.end === undefined) {
      if (expected() !== undefined || mark.rows !== total || mark.sha256 !== whole.digest('hex'))
        throw damaged(file, 'its digest does not fit')
      complete = true
      continue
    }
    whole.update(line)
    if (rows.length > 0) yield { kind: 'rows', table, rows }
    rows = []
    bytes = 0
    if (digest === undefined || mark.end !== table || mark.rows !== digest.rows || mark.digest !== digest.end())
      throw damaged(file, `the rows of table ${table + 1} are not those that were written`)
    yield { kind: 'end', table, rows: mark.rows, digest: mark.digest }
    table++
    digest = newDigest(expected())
  }
  if (!complete) throw damaged(file, 'its end is missing')
}

function newDigest(table: DumpedTable | undefined): RowDigest | undefined {
  return table === undefined ? undefined : new RowDigest(table.key.length > 0)
}

/** Lines with their ends; a last one without an end is given too. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held: Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      held.push(chunk.subarray(from, at + 1))
      yield (held.length === 1 ? held[0] : Buffer.concat(held))?.toString('utf8') ?? ''
      held = []
      from = at + 1
    }
    if (from < chunk.length) held.push(chunk.subarray(from))
  }
  if (held.length > 0) yield Buffer.concat(held).toString('utf8')
}

function parse(line: string, file: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    throw damaged(file, 'a line of it cannot be read')
  }
}

export function damaged(file: string, why: string, cause?: unknown): EtlError {
  return new EtlError('E541', `${file} is damaged: ${why}`, {
    where: file,
    hint: 'nothing was touched; restore another backup',
    ...(cause === undefined ? {} : { cause }),
  })
}
