import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, chown, constants, copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { TableRef } from '../../core/catalog.js'
import { EtlError } from '../../core/errors.js'
import type { CopySink, NativeCopy } from '../../core/native-copy.js'
import { quoteTable } from '../../core/sql.js'
import { Connection, type FileOptions } from './connection.js'
import { dialect } from './dialect.js'
import { sqliteError } from './errors.js'

/** Between two steps others of this process have their turn. */
const PAGES_A_STEP = 2500

const MAGIC = 'SQLite format 3\u0000'
const HEADER_BYTES = 100

/** The whole file by SQLite's online backup, which sees one state whoever writes meanwhile. */
export function sqliteCopy(connection: Connection, absolute: string, close: () => Promise<void>): NativeCopy {
  const [facts] = connection.query(
    'select sqlite_version(), page_count * page_size from pragma_page_count, pragma_page_size',
  )
  return {
    tool: `SQLite online backup ${String(facts?.[0])}`,
    bytes: Number(facts?.[1]),
    format: 'sqlite',
    extension: '.db',
    always: true,
    copy: async (sink, tables, signal) => copy(connection, sink, tables, signal),
    check,
    restore: async (file, checksum) => {
      await close()
      await replace({ ...connection.file, file: absolute }, file, checksum)
    },
  }
}

async function copy(
  connection: Connection,
  sink: CopySink,
  tables: readonly TableRef[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const file = sink.path()
  try {
    await connection.db.backup(file, {
      progress: () => {
        signal.throwIfAborted()
        return PAGES_A_STEP
      },
    })
  } catch (error) {
    throw sqliteError(error, { path: file })
  }
  // For writing: a copy of a file with a write-ahead log wants to make one, and takes it away again.
  const copied = await Connection.open({ file, path: file, busyTimeout: 0 }, false)
  try {
    return tables.map(table => Number(copied.query(`select count(*) from ${quoteTable(dialect, table)}`)[0]?.[0]))
  } finally {
    copied.close()
  }
}

/** By its header alone: what the file holds was proven by its digest. */
async function check(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    await handle.read(header, 0, HEADER_BYTES, 0)
    const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
    const whole = pageSize * header.readUInt32BE(28)
    if (header.subarray(0, MAGIC.length).toString('latin1') === MAGIC && (await handle.stat()).size === whole) return
  } finally {
    await handle.close()
  }
  throw new EtlError('E541', `${basename(file)} is no whole SQLite database`, {
    where: file,
    hint: 'nothing was touched; restore another backup',
  })
}

/**
 * The copy takes the file's place in one step, while nobody else has it open: whoever had would go on writing to a file
 * that has no name any more. Its write-ahead log is emptied first, because it would be played into the new file.
 */
async function replace(target: FileOptions, file: string, checksum: string): Promise<void> {
  const { file: absolute } = target
  const part = `${absolute}.restore.part`
  const old = await stat(absolute).catch(() => undefined)
  let held: Connection | undefined
  try {
    await rm(part, { force: true })
    await copyFile(file, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await chmod(part, (old?.mode ?? 0o600) & 0o777)
    if (old !== undefined && process.getuid?.() === 0) await chown(part, old.uid, old.gid)
    await sync(part)
    if ((await digestOf(part)) !== checksum) throw new EtlError('E540', `the disk does not give back what was written`)
    if (old !== undefined) {
      held = await Connection.open(target, false)
      held.query('pragma journal_mode = delete')
      held.execute('begin exclusive')
    }
    await rename(part, absolute)
    await sync(dirname(absolute))
  } catch (error) {
    await rm(part, { force: true })
    throw restoreError(error, target.path)
  } finally {
    held?.close()
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function restoreError(error: unknown, path: string): unknown {
  const native = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (error instanceof EtlError && error.code !== 'E307') return error
  if (error instanceof EtlError) {
    return new EtlError('E543', `${path} is open in another program`, {
      where: path,
      hint: 'nothing was changed; close the other program, then restore again',
      cause: error,
    })
  }
  const full = native === 'ENOSPC' || native === 'EDQUOT'
  return new EtlError(full ? 'E545' : 'E543', `${path} cannot be replaced (${native ?? 'unknown'})`, {
    where: path,
    hint: full ? 'nothing was changed; free space beside it' : 'nothing was changed; check the rights of its folder',
    cause: error,
  })
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
