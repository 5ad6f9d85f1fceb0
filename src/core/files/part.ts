import { constants, type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { EtlError } from '../errors.js'

const compressed = promisify(gzip)

/** A file of the target by its final path; until it is whole it is called `<path>.part`. */
export interface TargetFile {
  /** For messages. */
  readonly label: string
  readonly path: string
}

/**
 * Puts bytes at a position of the unfinished file, cuts off whatever is behind them, and has the disk keep it all. A
 * compressed file gets one more member.
 *
 * @param at what the ledger says is safe; 0 begins the file
 * @returns where the bytes end
 * @throws EtlError E507 where the file is shorter than that
 */
export async function append(file: TargetFile, at: number, chunks: readonly Uint8Array[]): Promise<number> {
  try {
    const bytes = file.path.endsWith('.gz') ? [await compressed(Buffer.concat(chunks))] : chunks
    if (at === 0) await mkdir(dirname(file.path), { recursive: true })
    // A link is not followed: it could lead out of the folder.
    const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (at === 0 ? constants.O_CREAT : 0)
    const handle = await open(partOf(file), flags)
    let end = at
    try {
      if ((await handle.stat()).size < at) throw tooShort(file)
      await handle.truncate(at)
      for (const chunk of bytes) end = await writeAll(handle, chunk, end)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    if (at === 0) await syncFolder(file)
    return end
  } catch (error) {
    throw fileError(error, file)
  }
}

/** Gives the file its name. Nothing happens where it has got it already. */
export async function publish(file: TargetFile): Promise<void> {
  try {
    await rename(partOf(file), file.path)
    await syncFolder(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, file)
  }
}

export function partOf({ path }: TargetFile): string {
  return `${path}.part`
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<number> {
  let written = 0
  while (written < chunk.length) {
    written += (await handle.write(chunk, written, chunk.length - written, at + written)).bytesWritten
  }
  return at + written
}

async function syncFolder({ path }: TargetFile): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function tooShort(file: TargetFile): EtlError {
  return new EtlError('E507', `${file.label}.part holds less than the ledger says`, {
    where: file.label,
    hint: 'bring it back, or begin anew: `etl run … --restart`',
  })
}

function fileError(error: unknown, file: TargetFile): unknown {
  if (error instanceof EtlError) return error
  const native = (error as NodeJS.ErrnoException).code
  if (native === undefined) return error
  if (native === 'ENOENT') return tooShort(file)
  const full = native === 'ENOSPC' || native === 'EDQUOT'
  return new EtlError(full ? 'E513' : 'E305', `${file.label}.part cannot be written (${native})`, {
    kind: full ? 'failed' : 'connection',
    where: file.label,
    cause: error,
    native,
    hint: full ? 'free space, then run again with --resume' : 'check the rights of the file and of its folder',
  })
}
