import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EtlError } from '../core/errors.js'
import { closeToEverybody } from '../core/private-folder.js'
import { type BackupKind, metadataFile } from './metadata.js'

/** Free bytes there must be, for each byte that the backup is expected to take. */
const ROOM = 1.2

export interface Digest {
  readonly checksum: string
  readonly size: number
}

/** `<pipeline>_backup_20240229_030405`, in UTC. */
function stem(pipeline: string, kind: BackupKind, at: Date): string {
  const [day = '', time = ''] = at.toISOString().split('T')
  return `${pipeline}_${kind}_${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`
}

/** A file of the folder that a backup is about to become; until it is whole it is called `<path>.part`. */
export class BackupFile {
  readonly path: string
  readonly part: string

  private constructor(path: string) {
    this.path = path
    this.part = `${path}.part`
  }

  /**
   * Makes the empty unfinished file, its owner's only, in the folder, which is made where it is missing.
   *
   * @param extension with its dot
   */
  static async create(
    folder: string,
    name: { readonly pipeline: string; readonly kind: BackupKind; readonly at: Date; readonly extension: string },
  ): Promise<BackupFile> {
    await prepare(folder)
    try {
      const first = stem(name.pipeline, name.kind, name.at)
      // After the last of the same second, also where those before it are gone: the order of names is that of time.
      const same = new RegExp(`^${first}(?:_(\\d+))?\\.`)
      const numbers = (await readdir(folder)).flatMap(file => {
        const match = same.exec(file)
        return match === null ? [] : [Number(match[1] ?? 1)]
      })
      const base = numbers.length === 0 ? first : `${first}_${Math.max(...numbers) + 1}`
      const file = new BackupFile(join(folder, `${base}${name.extension}`))
      await createPrivately(file.part)
      return file
    } catch (error) {
      throw writeError(error, folder)
    }
  }

  /** The whole file gets its name, and the disk keeps both. */
  async publish(): Promise<void> {
    await sync(this.part)
    await rename(this.part, this.path)
    await sync(dirname(this.path))
  }

  async discard(): Promise<void> {
    const left = ['', '-journal', '-wal', '-shm'].map(end => `${this.part}${end}`)
    for (const file of [...left, this.path, metadataFile(this.path)]) await rm(file, { force: true })
  }
}

async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeError(error, folder)
  }
  await closeToEverybody(folder)
}

export async function createPrivately(path: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  await handle.close()
}

export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export async function digestOf(file: string): Promise<Digest> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  return { checksum: hash.digest('hex'), size }
}

/** Throws E545 where the disk of the folder, or of its nearest parent that exists, has not room for so many bytes. */
export async function demandRoom(folder: string, bytes: number): Promise<void> {
  let place = folder
  while (!(await exists(place)) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  if (free >= bytes * ROOM) return
  throw new EtlError(
    'E545',
    `${folder} has ${megabytes(free)} free, and the backup may take ${megabytes(bytes * ROOM)}`,
    {
      where: folder,
      hint: 'nothing was written; free space, set `backup.dir` to another disk, or go on with --no-backup',
    },
  )
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Removes all but the newest backups of a kind that this pipeline made, with what describes them. */
export async function keepNewest(
  folder: string,
  { pipeline, kind, keep }: { readonly pipeline: string; readonly kind: BackupKind; readonly keep: number },
  spare: string | undefined,
): Promise<string[]> {
  const own = new RegExp(`^${pipeline}_${kind}_(\\d{8}_\\d{6})(?:_(\\d+))?\\.(?!json$|.*\\.part$)`)
  const order = (file: string): string => {
    const [, time = '', n = '1'] = own.exec(file) ?? []
    return `${time}_${n.padStart(9, '0')}`
  }
  const files = (await readdir(folder)).filter(file => own.test(file)).sort((a, b) => (order(a) < order(b) ? -1 : 1))
  const old = files.slice(0, Math.max(0, files.length - keep)).filter(file => join(folder, file) !== spare)
  for (const file of old) {
    await rm(join(folder, file), { force: true })
    await rm(metadataFile(join(folder, file)), { force: true })
  }
  return old
}

/**
 * Removes what backups and restores of the pipeline left that a crash ended: it may lie there in clear. The caller holds
 * the pipeline's lock.
 */
export async function removeLeft(folder: string, pipeline: string): Promise<void> {
  const left = new RegExp(
    `^${pipeline}_(?:backup|pre_restore)_\\d{8}_\\d{6}(?:_\\d+)?\\.[a-z.]+\\.part(?:\\.sealed|-[a-z]+)?$`,
  )
  for (const file of await readdir(folder).catch(() => []))
    if (left.test(file)) await rm(join(folder, file), { force: true })
}

/** What went wrong in the folder, in our words. */
export function writeError(error: unknown, folder: string): unknown {
  const native = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (native === undefined) return error
  // E513 is what a database says that makes the file itself.
  if (native === 'ENOSPC' || native === 'EDQUOT' || native === 'E513') {
    return new EtlError('E545', `the backup does not fit into ${basename(folder)}: the disk is full`, {
      where: folder,
      hint: 'nothing was written; free space, set `backup.dir` to another disk, or go on with --no-backup',
      cause: error,
      native,
    })
  }
  if (error instanceof EtlError || !native.startsWith('E')) return error
  return new EtlError('E540', `the backup cannot be written to ${folder} (${native})`, {
    where: folder,
    hint: 'nothing was written; check `backup.dir` and the rights of the folder',
    cause: error,
    native,
  })
}
