import { type Column, formatTable, type Table, type TableRef } from '../core/catalog.js'
import type { ConnectionConfig, Database, Encoder, Session, TableWriter, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import { quoteName, quoteTable } from '../core/sql.js'
import { transaction } from '../run/sessions.js'
import type { OpenedBackup } from './opened.js'
import { contentOf, type DumpedTable, dumpedTable, refOf, type TableContent } from './table-dump.js'
import { type ChosenTables, chooseTables } from './tables.js'

/** A table of the backup, as the target has it now. */
interface Pair {
  readonly dumped: DumpedTable
  readonly table: Table
}

export interface DumpRestore {
  readonly pairs: readonly Pair[]
  readonly chosen: ChosenTables
}

/**
 * What will be emptied and filled.
 *
 * @throws EtlError E543 where a table is missing or has other columns than it had, or where rows of a table that the
 *   backup does not hold refer to one that it does
 */
export async function planDumpRestore(database: Database, backup: OpenedBackup): Promise<DumpRestore> {
  const pairs: Pair[] = []
  for (const dumped of backup.header?.tables ?? []) {
    const table = await database.table(refOf(dumped))
    if (table === undefined)
      throw refused(`${formatTable(dumped)} is not in the target`, 'create the table as it was, then restore again')
    const moved = movedColumns(dumped, dumpedTable(table))
    if (moved.length > 0) {
      throw refused(
        `${formatTable(dumped)} has other columns than when the backup was made: ${moved.join(', ')}`,
        'bring the columns back as they were, then restore again',
      )
    }
    pairs.push({ dumped, table })
  }
  const own = backup.metadata.tables.filter(table => table.absent === true).map(refOf)
  const whole = pairs.filter(pair => pair.dumped.where === undefined)
  const chosen = await chooseTables(database, [...whole.map(pair => refOf(pair.dumped)), ...own])
  const held = new Set([...whole.map(pair => formatTable(pair.table)), ...(await found(database, own))])
  for (const table of chosen.tables) {
    if (held.has(formatTable(table)) || (await isEmpty(database, table))) continue
    throw refused(
      `${formatTable(table)} refers to tables of the backup, and the backup does not hold it`,
      'its rows would lose what they refer to; empty it first, or drop its foreign key',
    )
  }
  return { pairs, chosen }
}

/**
 * Empties the tables, children first, fills them from the backup and reads them back, all in one transaction.
 *
 * @param last also done in it, at its end
 */
export async function restoreDump<T>(
  database: Database,
  config: ConnectionConfig,
  { pairs, chosen }: DumpRestore,
  backup: OpenedBackup,
  signal: AbortSignal,
  last: (session: Session) => Promise<T>,
): Promise<T> {
  const { dialect } = database.connector.capabilities
  const session = await database.session({ readOnly: false })
  try {
    return await transaction(session, async () => {
      const settle = chosen.circular ? await session.deferForeignKeys?.(chosen.tables) : undefined
      for (const table of [...chosen.tables].reverse())
        await session.execute(`delete from ${quoteTable(dialect, refOf(table))}`)
      for (const { dumped } of pairs.filter(pair => pair.dumped.where !== undefined))
        await session.execute(`delete from ${quoteTable(dialect, refOf(dumped))} where ${dumped.where}`)
      const contents = await fill(database, config, session, pairs, backup)
      failpoint('restore-written')
      for (const [i, { dumped, table }] of pairs.entries()) {
        const now = await contentOf(session, dumped, signal)
        if (now.rows !== contents[i]?.rows || now.digest !== contents[i]?.digest) throw changed(table, now, contents[i])
      }
      await settle?.()
      if (settle !== undefined) await refuseOrphans(database, session, chosen.tables)
      return await last(session)
    })
  } catch (error) {
    throw notRestored(error, database)
  } finally {
    await session.close()
  }
}

/** What the backup says each table must hold then. */
async function fill(
  database: Database,
  config: ConnectionConfig,
  session: Session,
  pairs: readonly Pair[],
  backup: OpenedBackup,
): Promise<readonly TableContent[]> {
  const contents: TableContent[] = []
  let writing: { readonly writer: TableWriter; readonly encoder: Encoder } | undefined
  for await (const part of backup.parts()) {
    const pair = part.kind === 'header' ? undefined : pairs[part.table]
    if (part.kind === 'header' || pair === undefined) continue
    if (part.kind === 'rows') {
      const spec = writeSpec(pair)
      writing ??= { writer: await session.writer(spec), encoder: database.connector.encoder(spec, config) }
      await writing.writer.write(writing.encoder.encode(part.rows), 0, part.rows.length)
      continue
    }
    await writing?.writer.close()
    writing = undefined
    contents.push({ rows: part.rows, digest: part.digest })
    const generated = pair.table.columns.filter(({ generated: by }) => by === 'always' || by === 'default')
    const names = generated.map(column => column.name)
    await session.advanceSequences(refOf(pair.dumped), names)
  }
  return contents
}

function writeSpec({ dumped, table }: Pair): WriteSpec {
  const columns = dumped.columns.map(({ name }) => table.columns.find(column => column.name === name) as Column)
  return { table: refOf(dumped), columns, mode: 'insert', match: table.primaryKey }
}

function movedColumns(then: DumpedTable, now: DumpedTable): readonly string[] {
  const native = new Map(now.columns.map(column => [column.name, column.native]))
  const before = new Set(then.columns.map(column => column.name))
  return [
    ...then.columns.filter(column => native.get(column.name) !== column.native).map(column => column.name),
    ...now.columns.filter(column => !before.has(column.name)).map(column => column.name),
  ]
}

async function found(database: Database, refs: readonly TableRef[]): Promise<readonly string[]> {
  const tables = await Promise.all(refs.map(ref => database.table(ref)))
  return tables.flatMap(table => (table === undefined ? [] : [formatTable(table)]))
}

async function isEmpty(database: Database, table: Table): Promise<boolean> {
  const session = await database.session({ readOnly: true })
  try {
    return (await session.count({ from: { table: refOf(table) } })) === 0
  } finally {
    await session.close()
  }
}

/** A database that was told not to look at foreign keys does not look back either. */
async function refuseOrphans(database: Database, session: Session, tables: readonly Table[]): Promise<void> {
  const { dialect } = database.connector.capabilities
  for (const table of tables) {
    for (const { name, columns, references, referencedColumns } of table.foreignKeys) {
      const set = columns.map(column => `c.${quoteName(dialect, column)} is not null`)
      const same = columns.map(
        (column, i) => `p.${quoteName(dialect, referencedColumns[i] ?? '')} = c.${quoteName(dialect, column)}`,
      )
      const [row] = await session.query(
        `select count(*) from ${quoteTable(dialect, refOf(table))} c where ${set.join(' and ')} and not exists ` +
          `(select 1 from ${quoteTable(dialect, refOf(references))} p where ${same.join(' and ')})`,
      )
      if (Number(row?.[0]) === 0) continue
      throw refused(
        `${formatTable(table)} would refer to rows of ${formatTable(references)} that are not there any more (${name})`,
        'bring those rows back first',
      )
    }
  }
}

function changed(table: Table, now: TableContent, then: TableContent | undefined): EtlError {
  const what =
    now.rows === then?.rows
      ? `${formatTable(table)} holds other values than were written to it`
      : `${formatTable(table)} holds ${now.rows} rows after ${then?.rows ?? 0} were written to it`
  const { triggers = [] } = table
  const by = triggers.length === 0 ? '' : `; its triggers run for each row: ${triggers.join(', ')}`
  return refused(`${what}${by}`, 'switch off what changes the rows, then restore again')
}

function notRestored(error: unknown, database: Database): unknown {
  if (!(error instanceof EtlError) || error.code === 'E541' || error.code === 'E543' || error.kind === 'transient')
    return error
  return new EtlError('E543', `the rows cannot be put back: ${error.message}`, {
    where: error.where ?? database.identity.label,
    hint: 'nothing was changed: it was one transaction',
    cause: error,
    ...(error.native === undefined ? {} : { native: error.native }),
  })
}

function refused(message: string, hint: string): EtlError {
  return new EtlError('E543', message, { hint: `nothing was changed; ${hint}` })
}
