import { resolve } from 'node:path'
import { pipeline as piped } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { formatTable, type Table, type TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import type { Pipeline } from '../load/pipeline.js'
import { BackupFile, demandRoom, keepNewest, removeLeft, writeError } from './folder.js'
import { type BackedUpTable, type BackupKind, type BackupMetadata, METADATA_FORMAT, writeMetadata } from './metadata.js'
import { RunsOfTarget } from './runs.js'
import { type DumpedTable, dumpedTable, TABLE_DUMP, type TableContent, writeDump } from './table-dump.js'
import { chooseTables, withoutHome } from './tables.js'
import { copyWay, ownIdentities } from './target.js'
import { Writing } from './writing.js'

/** Fast: most backups are never read. */
const GZIP_LEVEL = 1
/** Where the database cannot say how large a table is. */
const ROW_BYTES = 200

export interface BackupRequest {
  readonly pipeline: Pipeline
  /** Nothing is written to it. */
  readonly database: Database
  readonly kind: BackupKind
  /** Tables that the backup is about; those that refer to them are taken too. Undefined: all. */
  readonly tables: readonly TableRef[] | undefined
  readonly runId?: string
  /** A file that stays however old it is. */
  readonly spare?: string
  readonly signal: AbortSignal
  progress(message: string): void
}

export interface BackupResult extends BackupMetadata {
  /** Older backups that gave way: names of files. */
  readonly removed: readonly string[]
  readonly ms: number
}

/**
 * Writes one backup: checks the room, copies, reads back what the disk has, gives the file its name and puts its
 * description beside it. Whatever goes wrong leaves no file. The caller holds the pipeline's lock.
 */
export async function makeBackup(request: BackupRequest): Promise<BackupResult> {
  const { pipeline, database, kind, signal } = request
  const { name, backup } = pipeline.spec
  if (database.connector.capabilities.files === true) throw filesHaveNone(database)
  const folder = resolve(pipeline.baseDir, backup.dir)
  const started = Date.now()
  const scope = request.tables === undefined ? 'database' : 'touched'
  const chosen = await chooseTables(database, request.tables)
  const tables = await withoutHome(database, chosen.tables)
  const { native, note } = await copyWay(database, scope)
  const runs = new RunsOfTarget(pipeline, database)
  await removeLeft(folder, name)
  await demandRoom(folder, native?.bytes ?? (await expectedSize(database, chosen.tables)))
  const extension = `${native?.extension ?? '.jsonl.gz'}${backup.key === undefined ? '' : '.enc'}`
  const file = await BackupFile.create(folder, { pipeline: name, kind, at: new Date(started), extension })
  try {
    const tool = native?.tool ?? 'table dump'
    request.progress(`${database.identity.label} by ${tool}`)
    const runsUntil = await runs.lastTaken()
    const writing = new Writing(file.part, backup.key)
    const rows =
      native === undefined
        ? await dumpTables(request, await dumpedTables(request, tables, runs), writing)
        : await native.copy(writing, tables, signal)
    failpoint('backup-written')
    const digest = await writing.finish()
    signal.throwIfAborted()
    const metadata: BackupMetadata = {
      v: METADATA_FORMAT,
      kind,
      pipeline: name,
      ...(request.runId === undefined ? {} : { runId: request.runId }),
      original: database.identity.label,
      target: { type: database.connector.name, uid: database.identity.uid },
      serverVersion: database.identity.version,
      backup: file.path,
      timestamp: new Date(started).toISOString(),
      runsUntil,
      ...digest,
      format: native?.format ?? TABLE_DUMP,
      tool,
      ...(note === undefined ? {} : { note }),
      scope,
      encrypted: backup.key !== undefined,
      tables: [
        ...tables.map((table, i) => described(table, rows?.[i])),
        ...chosen.absent.map((ref): BackedUpTable => ({ ...ref, absent: true })),
      ],
    }
    // In this order: what has a description is whole.
    await file.publish()
    await writeMetadata(metadata, backup.key)
    const removed = await keepNewest(folder, { pipeline: name, kind, keep: backup.keep }, request.spare)
    return { ...metadata, removed, ms: Date.now() - started }
  } catch (error) {
    await file.discard()
    throw signal.aborted ? stopped() : writeError(error, folder)
  }
}

async function expectedSize(database: Database, tables: readonly Table[]): Promise<number> {
  let bytes = 0
  for (const table of tables) {
    // A login that may not ask is no reason to save nothing.
    const told = await database.size?.(table).catch(() => undefined)
    bytes += told ?? (table.estimatedRows ?? 0) * ROW_BYTES
  }
  return bytes
}

/** Of the ledger a backup of some tables holds what the pipeline's rows there are called, and nothing of other pipelines. */
async function dumpedTables(
  { database, pipeline, tables: asked }: BackupRequest,
  tables: readonly Table[],
  { ledger }: RunsOfTarget,
): Promise<readonly DumpedTable[]> {
  const own = tables.map(table => dumpedTable(table))
  const identities = asked === undefined ? undefined : await ledger?.identities.table()
  return identities === undefined ? own : [...own, dumpedTable(identities, ownIdentities(database, pipeline))]
}

async function dumpTables(
  { database, signal, progress }: BackupRequest,
  tables: readonly DumpedTable[],
  writing: Writing,
): Promise<readonly number[]> {
  const session = await database.session({ readOnly: true })
  const rows: number[] = []
  const each = (content: TableContent): void => {
    const table = tables[rows.length]
    rows.push(content.rows)
    if (table !== undefined) progress(`${formatTable(table)}: ${content.rows} rows`)
  }
  try {
    await session.begin()
    const lines = writeDump(session, database.connector.name, tables, each, signal)
    await piped(lines, createGzip({ level: GZIP_LEVEL }), packed => writing.write(packed))
    await session.rollback()
    return rows
  } finally {
    await session.close()
  }
}

function described({ schema, table }: Table, rows: number | undefined): BackedUpTable {
  return { ...(schema === undefined ? {} : { schema }), table, ...(rows === undefined ? {} : { rows }) }
}

export function filesHaveNone({ identity }: Database): EtlError {
  return new EtlError('E520', 'a target of files has no backups: each run makes its files anew', {
    kind: 'usage',
    where: identity.label,
    hint: 'copy the folder',
  })
}

function stopped(): EtlError {
  return new EtlError('E515', 'stopped before the backup was whole; nothing was written', { kind: 'interrupted' })
}
