import { dumpedTable, refOf } from '../backup/table-dump.js'
import { parentsFirst } from '../backup/tables.js'
import { type Column, formatTable, type Table } from '../core/catalog.js'
import type { ConnectionConfig, Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row } from '../core/row.js'
import { beginSession } from '../run/reading-sessions.js'
import { transaction } from '../run/sessions.js'
import { TableSample, type Wanted } from './table-sample.js'

/** Of a table that is copied as a whole. */
const WHOLE_ROWS = 100_000
const BATCH_ROWS = 5000

export interface FillOptions {
  readonly size: number
  readonly seed: string
  /** What the scratch gets of a table: a sample with whatever it refers to, all of it, or nothing. */
  readonly how: (table: Table) => 'sample' | 'whole' | 'empty'
  /** SQL for rows that a sample always holds. */
  readonly include: (table: Table) => readonly string[]
  readonly signal: AbortSignal
}

export interface Filled {
  readonly tables: number
  readonly rows: number
  readonly notes: readonly string[]
}

/** Copies rows of the original's tables into a scratch that has the same ones, all in one transaction. */
export async function fillScratch(
  original: Database,
  tables: readonly Table[],
  scratch: Database,
  config: ConnectionConfig,
  options: FillOptions,
): Promise<Filled> {
  const { size, seed, how, include, signal } = options
  const reading = await beginSession(original, undefined)
  const writing = await scratch.session({ readOnly: false })
  try {
    const sampled = tables.filter(table => how(table) === 'sample')
    const sample = new TableSample(reading, seed, signal)
    const drawn = await sample.draw(sampled.map((table): Wanted => ({ table, size, include: include(table) })))
    const notes = [...sample.notes]
    const ordered = parentsFirst(tables.filter(table => how(table) !== 'empty'))
    const copies: Copy[] = []
    for (const table of ordered.tables) copies.push(await copyOf(scratch, config, table))
    let rows = 0
    await transaction(writing, async () => {
      const targets = copies.map(copy => copy.table)
      const settle = ordered.circular ? await writing.deferForeignKeys?.(targets) : undefined
      for (const [i, table] of ordered.tables.entries()) {
        const copy = copies[i] as Copy
        const mine = drawn.find(each => each.table === table)
        rows += await write(
          writing,
          copy,
          mine === undefined ? wholeTable(reading, table, signal, notes) : batches(mine.rows),
        )
      }
      await settle?.()
    })
    return { tables: ordered.tables.length, rows, notes }
  } finally {
    await writing.close()
    await reading.rollback()
    await reading.close()
  }
}

/** A table of the scratch and how rows get into it. */
interface Copy {
  readonly table: Table
  readonly columns: readonly Column[]
  readonly encode: (rows: readonly Row[]) => Parameters<Awaited<ReturnType<Session['writer']>>['write']>[0]
}

async function copyOf(scratch: Database, config: ConnectionConfig, original: Table): Promise<Copy> {
  const table = await scratch.table({ table: original.table })
  if (table === undefined) throw new EtlError('E901', `the scratch has no table ${original.table}`)
  const columns = dumpedTable(original).columns.map(
    ({ name }) => table.columns.find(column => column.name === name) as Column,
  )
  const spec = { table: refOf(table), columns, mode: 'insert', match: table.primaryKey } as const
  const encoder = scratch.connector.encoder(spec, config)
  return { table, columns, encode: rows => encoder.encode(rows) }
}

async function write(session: Session, copy: Copy, source: AsyncIterable<readonly Row[]>): Promise<number> {
  const { table, columns, encode } = copy
  const writer = await session.writer({ table: refOf(table), columns, mode: 'insert', match: table.primaryKey })
  let count = 0
  for await (const rows of source) {
    await writer.write(encode(rows), 0, rows.length)
    count += rows.length
  }
  await writer.close()
  const generated = table.columns.filter(({ generated: by }) => by === 'always' || by === 'default')
  const names = generated.map(({ name }) => name)
  if (names.length > 0) await session.advanceSequences(refOf(table), names)
  return count
}

async function* batches(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += BATCH_ROWS) yield rows.slice(from, from + BATCH_ROWS)
}

async function* wholeTable(
  session: Session,
  table: Table,
  signal: AbortSignal,
  notes: string[],
): AsyncGenerator<readonly Row[]> {
  const { columns, key } = dumpedTable(table)
  const from = { table: refOf(table) }
  const rows = await session.count({ from })
  if (rows > WHOLE_ROWS)
    notes.push(`${formatTable(table)} has ${rows} rows: only its first ${WHOLE_ROWS} were copied, others are missed`)
  const order = key.map(name => ({ index: columns.findIndex(column => column.name === name), nullable: false }))
  const read = columns.map(({ name, type }) => ({ name, type, decode: false }))
  const options = { limit: WHOLE_ROWS, batchRows: BATCH_ROWS, batchBytes: 1 << 24 }
  for await (const batch of session.read({ from, columns: read, order, ...options }, signal)) yield batch.rows
}
