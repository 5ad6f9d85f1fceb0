import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { formatTable, type TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import type { NativeCopy } from '../core/native-copy.js'
import type { Pipeline } from '../load/pipeline.js'
import { transaction } from '../run/sessions.js'
import { type BackupResult, filesHaveNone, makeBackup } from './backup.js'
import { createPrivately, digestOf, writeError } from './folder.js'
import { holdLock } from './hold-lock.js'
import type { BackupMetadata } from './metadata.js'
import { OpenedBackup } from './opened.js'
import { type DumpRestore, planDumpRestore, restoreDump } from './restore-dump.js'
import { RunsOfTarget } from './runs.js'
import { refOf, TABLE_DUMP } from './table-dump.js'
import { openAlone } from './target.js'
import { writeInto } from './writing.js'

export interface RestoreOptions {
  /** Restores into a target that is not the one the backup was made of. Default: refused. */
  readonly intoOtherTarget?: boolean
  /** Saves what is there before it gives way. Default true. */
  readonly backup?: boolean
  /** Called when all is checked and before anything is touched; what it throws ends the restore. */
  readonly confirm?: (plan: RestorePlan) => Promise<void>
  readonly signal?: AbortSignal
  readonly onProgress?: (message: string) => void
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
}

/** What a restore is about to do. */
export interface RestorePlan {
  readonly file: string
  readonly metadata: BackupMetadata
  /** For people. */
  readonly target: string
  readonly otherTarget: boolean
  /** All of the database gives way, not only the rows of the tables. */
  readonly whole: boolean
  /** `saved`: in the backup; `now`: in the target. Undefined where it is not known, or the table is not there. */
  readonly tables: readonly { readonly name: string; readonly saved?: number; readonly now?: number }[]
}

export interface RestoreResult extends RestorePlan {
  /** What was there before; undefined where that was not wanted. */
  readonly preRestore?: BackupResult
  /** Runs that the target's ledger now has as undone. */
  readonly undone: readonly string[]
  readonly ms: number
}

/**
 * Puts a backup back. In this order: the file is proven whole, the target is the one it was made of, no run goes on, what
 * is there is saved, it is replaced in one transaction where the database can, and read back.
 *
 * @param file path of the backup; its JSON file lies beside it
 * @throws EtlError E541 where the backup is damaged, E542 where it is of another target, E543 where it does not fit, E544
 *   where the key is missing or wrong, E503 while a run holds the pipeline. Nothing was changed then, but by a failed
 *   mysqldump restore, which says so.
 */
export async function restoreBackup(
  pipeline: Pipeline,
  file: string,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const started = Date.now()
  const tell = options.onProgress ?? (() => {})
  const signal = options.signal ?? new AbortController().signal
  tell(`reading ${basename(file)}`)
  const backup = await OpenedBackup.open(resolve(file), pipeline.spec.backup.key)
  const database = await openAlone(pipeline, false)
  const open = { database }
  try {
    if (database.connector.capabilities.files === true) throw filesHaveNone(database)
    const otherTarget = checkOrigin(pipeline, database, backup, options.intoOtherTarget === true)
    const lock = await holdLock(pipeline, database)
    try {
      const native = backup.metadata.format === TABLE_DUMP ? undefined : await toolFor(database, backup)
      const dump = native === undefined ? await planDumpRestore(database, backup) : undefined
      const plan: RestorePlan = {
        file: backup.file,
        metadata: backup.metadata,
        target: database.identity.label,
        otherTarget,
        whole: native !== undefined,
        tables: await tablesOf(database, backup.metadata),
      }
      await options.confirm?.(plan)
      signal.throwIfAborted()
      const preRestore =
        options.backup === false ? undefined : await saveWhatIsThere({ pipeline, database, dump, backup, signal, tell })
      await lock.check()
      tell(`restoring ${backup.metadata.tables.length} tables`)
      const detail = `${basename(file)} ${backup.metadata.checksum}`
      const undone =
        dump !== undefined
          ? await restoreDump(database, pipeline.spec.target, dump, backup, signal, session =>
              new RunsOfTarget(pipeline, database).restored(session, backup.metadata, detail),
            )
          : await restoreWhole(pipeline, open, native as NativeCopy, backup, detail)
      await setCheckpointAside(options.stateDir ?? join(pipeline.baseDir, '.etl', pipeline.spec.name), started)
      return { ...plan, ...(preRestore === undefined ? {} : { preRestore }), undone, ms: Date.now() - started }
    } finally {
      await lock.release()
    }
  } finally {
    await open.database.close()
  }
}

/** Is it another target, or another pipeline's backup of this one? Throws E542 unless that is meant. */
function checkOrigin(
  { spec }: Pipeline,
  { connector, identity }: Database,
  { metadata }: OpenedBackup,
  meant: boolean,
): boolean {
  const ofTarget = `the backup is of ${metadata.original}, and the target is ${identity.label}`
  const refused = (message: string, hint: string): EtlError =>
    new EtlError('E542', message, { kind: 'usage', where: identity.label, hint: `nothing was touched; ${hint}` })
  if (metadata.target.type !== connector.name)
    throw refused(ofTarget, `a backup of ${metadata.target.type} is restored into ${metadata.target.type} only`)
  const sameTarget = metadata.target.uid === identity.uid
  const samePipeline = metadata.pipeline === spec.name
  if (meant || (sameTarget && samePipeline)) return !sameTarget
  const ofPipeline = `the backup is one of the pipeline ${metadata.pipeline}, and this is ${spec.name}`
  throw refused(sameTarget ? ofPipeline : ofTarget, 'where this is meant: --into-other-target')
}

async function toolFor(database: Database, { file, metadata }: OpenedBackup): Promise<NativeCopy> {
  const copy = await database.nativeCopy?.()
  if (copy !== undefined && !('unavailable' in copy) && copy.format === metadata.format) {
    if (!metadata.encrypted) await copy.check(file)
    return copy
  }
  const why = copy !== undefined && 'unavailable' in copy ? copy.unavailable : `made by ${metadata.tool}`
  throw new EtlError('E543', `${metadata.format} backups cannot be restored here: ${why}`, {
    hint: 'nothing was touched; install the tool in the version of the server',
  })
}

async function tablesOf(database: Database, { tables }: BackupMetadata): Promise<RestorePlan['tables']> {
  const session = await database.session({ readOnly: true })
  try {
    const found: { name: string; saved?: number; now?: number }[] = []
    for (const table of tables) {
      const there = (await database.table(refOf(table))) !== undefined
      found.push({
        name: formatTable(table),
        ...(table.absent === true ? { saved: 0 } : table.rows === undefined ? {} : { saved: table.rows }),
        ...(there ? { now: await session.count({ from: { table: refOf(table) } }) } : {}),
      })
    }
    return found
  } finally {
    await session.close()
  }
}

/** All of the database where all of it gives way, else the tables that do. */
async function saveWhatIsThere(what: {
  readonly pipeline: Pipeline
  readonly database: Database
  readonly dump: DumpRestore | undefined
  readonly backup: OpenedBackup
  readonly signal: AbortSignal
  readonly tell: (message: string) => void
}): Promise<BackupResult | undefined> {
  const { pipeline, database, dump, backup, signal, tell } = what
  const tables: readonly TableRef[] | undefined =
    dump === undefined || backup.metadata.scope === 'database' ? undefined : dump.chosen.tables.map(refOf)
  if ((await database.listTables()).length === 0) return undefined
  tell('saving what is there')
  const { file: spare } = backup
  return makeBackup({ pipeline, database, kind: 'pre_restore', tables, spare, signal, progress: tell })
}

async function restoreWhole(
  pipeline: Pipeline,
  open: { database: Database },
  native: NativeCopy,
  backup: OpenedBackup,
  detail: string,
): Promise<readonly string[]> {
  const { metadata } = backup
  await withPlainFile(backup, async (file, checksum) => {
    if (metadata.encrypted) await native.check(file)
    await native.restore(file, checksum)
  })
  failpoint('restore-written')
  open.database = await openAlone(pipeline, false)
  const session = await open.database.session({ readOnly: false })
  try {
    for (const { absent, rows, ...table } of metadata.tables) {
      if (absent === true || rows === undefined) continue
      const now = await session.count({ from: { table: refOf(table) } })
      if (now === rows) continue
      throw new EtlError('E543', `${formatTable(table)} has ${now} rows after the restore, and the backup ${rows}`, {
        hint: 'somebody else writes there, or triggers do: look at the table, and restore again',
      })
    }
    return await transaction(session, () =>
      new RunsOfTarget(pipeline, open.database).restored(session, metadata, detail),
    )
  } finally {
    await session.close()
  }
}

/** The tools read files, and plain ones: an encrypted backup is laid out beside itself for as long as that takes. */
async function withPlainFile(
  backup: OpenedBackup,
  work: (file: string, checksum: string) => Promise<void>,
): Promise<void> {
  if (!backup.metadata.encrypted) return work(backup.file, backup.metadata.checksum)
  const plain = `${backup.file}.plain.part`
  try {
    await rm(plain, { force: true })
    await createPrivately(plain)
    await writeInto(plain, backup.plain())
    await work(plain, (await digestOf(plain)).checksum)
  } catch (error) {
    throw writeError(error, dirname(backup.file))
  } finally {
    await rm(plain, { force: true })
  }
}

/** What it says of batches is no longer true. */
async function setCheckpointAside(stateDir: string, now: number): Promise<void> {
  const stamp = new Date(now).toISOString().replaceAll(/[^\d]/g, '')
  await rename(join(stateDir, 'checkpoint.json'), join(stateDir, `checkpoint.restored-${stamp}.json`)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    },
  )
}
