import { createHash } from 'node:crypto'
import { lstat, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { failpoint } from '../core/failpoint.js'
import type { Counts } from './events.js'
import type { Pass } from './ledger.js'
import { stateError } from './quarantine.js'

export interface ChunkMark {
  readonly pass: Pass
  readonly chunk: number
  readonly batch: number
  /** The cursor after the batch, as JSON text. */
  readonly lastKey?: string
  readonly done: boolean
  readonly counts: Counts
  /** Values that were rounded, cut or replaced, as the ledger has them. */
  readonly changes?: string
}

/** What people look at, and the only memory where the ledger is switched off. The ledger in the target decides. */
export interface Checkpoint {
  readonly v: 1
  readonly runId: string
  readonly pipeline: string
  readonly targetUid: string
  readonly fingerprint: string
  readonly epoch: number
  /** When the run began, ISO in UTC; the same in every attempt. */
  readonly startedAt: string
  readonly state: string
  readonly updatedAt: string
  /** Entity to its chunks. */
  readonly entities: Readonly<Record<string, readonly ChunkMark[]>>
}

export type CheckpointRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'ok'; readonly checkpoint: Checkpoint }
  /** Torn, edited or of another version; moved aside to `kept`. */
  | { readonly kind: 'damaged'; readonly kept: string }

/** A million chunks have less. */
const LARGEST_BYTES = 2 ** 28

/**
 * `checkpoint.json`: JSON whose last field is the SHA-256 of the rest, written to a temporary file, synced, renamed and
 * the folder synced, so that a crash leaves the old or the new one, never half of one.
 */
export class CheckpointFile {
  readonly path: string
  readonly #dir: string

  constructor(stateDir: string) {
    this.#dir = stateDir
    this.path = join(stateDir, 'checkpoint.json')
  }

  async write(checkpoint: Checkpoint): Promise<void> {
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 })
      const body = JSON.stringify(checkpoint)
      await writeFileAtomic(this.path, `${body.slice(0, -1)},"sha256":"${digest(body)}"}\n`, {
        mode: 0o600,
        fsync: true,
        tmpfileCreated: () => failpoint('checkpoint-tmp'),
      })
      failpoint('checkpoint-rename')
      await syncFolder(this.#dir)
    } catch (cause) {
      throw stateError(this.path, cause)
    }
  }

  /** @param stamp names the copy of a damaged file */
  async read(stamp: string): Promise<CheckpointRead> {
    let text: string | undefined
    try {
      // A link, a pipe or something huge is nothing that a run has written.
      const stats = await lstat(this.path)
      text = stats.isFile() && stats.size <= LARGEST_BYTES ? await readFile(this.path, 'utf8') : undefined
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' }
      throw stateError(this.path, cause)
    }
    const checkpoint = text === undefined ? undefined : parse(text)
    if (checkpoint !== undefined) return { kind: 'ok', checkpoint }
    const kept = join(dirname(this.path), `checkpoint.corrupt-${stamp.replaceAll(/[^\w-]/g, '')}.json`)
    await rename(this.path, kept)
    return { kind: 'damaged', kept }
  }
}

function parse(text: string): Checkpoint | undefined {
  const match = /^(\{.*),"sha256":"([0-9a-f]{64})"\}\n$/s.exec(text)
  if (match === null) return undefined
  const body = `${match[1]}}`
  if (digest(body) !== match[2]) return undefined
  const value = JSON.parse(body) as Partial<Checkpoint>
  return value.v === 1 && isWhole(value) ? value : undefined
}

/** Whoever writes a checksum by hand may leave out anything. */
function isWhole(value: Partial<Checkpoint>): value is Checkpoint {
  const { runId, pipeline, targetUid, fingerprint, startedAt, state, updatedAt, epoch, entities } = value
  const texts: readonly unknown[] = [runId, pipeline, targetUid, fingerprint, startedAt, state, updatedAt]
  return (
    texts.every(text => typeof text === 'string') &&
    Number.isSafeInteger(epoch) &&
    typeof entities === 'object' &&
    entities !== null &&
    Object.values(entities).every(marks => Array.isArray(marks) && marks.every(isMark))
  )
}

function isMark(value: unknown): value is ChunkMark {
  const { pass, chunk, batch, counts } = (value ?? {}) as Partial<ChunkMark>
  const numbers = typeof counts === 'object' && counts !== null ? Object.values(counts) : [undefined]
  return typeof pass === 'string' && [chunk, batch, ...numbers].every(number => Number.isSafeInteger(number))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
