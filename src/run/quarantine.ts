import { existsSync, readdirSync } from 'node:fs'
import { appendFile, cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import type { Stage } from '../plan/outcome.js'
import type { RowPolicy } from '../spec/model.js'

/** Where a row failed: on its way, or at the target's constraints. Or `dedupe`: it did not, another like it is kept. */
export type RejectStage = Stage | 'constraint' | 'dedupe'

/** A row that does not reach the target, and why. */
export interface RejectRecord {
  /** 1-based number of the row within its batch. */
  readonly row: number
  /** The source key as text; undefined where rows have none. */
  readonly key?: string
  readonly stage: RejectStage
  readonly field?: string
  readonly code: ErrorCode
  /** Says what, never the value. */
  readonly message: string
  readonly policy: RowPolicy | 'dedupe'
  /** The source key of the row that is kept in place of this one. */
  readonly kept?: string
  /** The source row by column name, as `toJson` values; left out where rows are not to be kept. */
  readonly values?: Readonly<Record<string, unknown>>
}

export interface QuarantineLine extends RejectRecord {
  readonly entity: string
  readonly pass: string
  readonly chunk: number
  readonly batch: number
}

/**
 * `quarantine/<entity>.ndjson` in the run's folder: one line per rejected row with its values, readable by the owner only.
 * Lines are written before their batch commits, so none is ever missing; those of a batch that did not commit are cut
 * off when its chunk starts again.
 *
 * A file cannot be fenced: a process that lost its run may not know it yet. So each writes to a folder of its epoch alone,
 * and one that goes on begins with a copy.
 */
export class QuarantineFiles {
  readonly dir: string
  readonly #runDir: string
  readonly #epoch: number
  readonly #turns = new Map<string, Promise<void>>()

  private constructor(runDir: string, epoch: number) {
    this.#runDir = runDir
    this.#epoch = epoch
    this.dir = join(runDir, folderName(epoch))
  }

  /** Takes along what the processes before kept; call it once the run is taken, so that they commit nothing more. */
  static async open(runDir: string, epoch: number): Promise<QuarantineFiles> {
    const dir = join(runDir, folderName(epoch))
    const [before] = folders(runDir)
    if (epoch > 1 && dir !== before?.dir) {
      const copy = `${dir}.tmp`
      try {
        await rm(copy, { recursive: true, force: true })
        if (before === undefined) await mkdir(copy, { mode: 0o700 })
        else await cp(before.dir, copy, { recursive: true })
        await rename(copy, dir)
      } catch (cause) {
        throw stateError(dir, cause)
      }
    }
    return new QuarantineFiles(runDir, epoch)
  }

  /** The run is complete: nobody goes on from the copies of earlier processes. */
  async removeOlder(): Promise<void> {
    for (const { dir, epoch } of folders(this.#runDir)) {
      if (epoch < this.#epoch) await rm(dir, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  path(entity: string): string {
    return join(this.dir, fileName(entity))
  }

  async append(
    entity: string,
    pass: string,
    chunk: number,
    batch: number,
    rejects: readonly RejectRecord[],
  ): Promise<void> {
    if (rejects.length === 0) return
    const lines = rejects.map(
      reject => `${JSON.stringify({ entity, pass, chunk, batch, ...reject } satisfies QuarantineLine)}\n`,
    )
    const file = this.path(entity)
    await this.#inTurn(file, async () => {
      await mkdir(this.dir, { recursive: true, mode: 0o700 })
      await appendFile(file, lines.join(''), { mode: 0o600 })
    })
  }

  /** Cuts off what belongs to batches after `lastBatch` of the chunk. */
  async trim(entity: string, pass: string, chunk: number, lastBatch: number): Promise<void> {
    const file = this.path(entity)
    await this.#inTurn(file, async () => {
      const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined
        throw stateError(file, cause)
      })
      if (text === undefined) return
      const lines = text.split('\n').filter(line => line !== '')
      const kept = lines.filter(line => {
        const parsed = parseLine(line)
        return (
          parsed !== undefined &&
          !(parsed.entity === entity && parsed.pass === pass && parsed.chunk === chunk && parsed.batch > lastBatch)
        )
      })
      if (kept.length === lines.length) return
      await writeFileAtomic(file, kept.map(line => `${line}\n`).join(''), { mode: 0o600 })
    })
  }

  /** Chunks of one entity share its file: one at a time. */
  async #inTurn(file: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(file) ?? Promise.resolve()).then(work)
    this.#turns.set(
      file,
      turn.catch(() => undefined),
    )
    try {
      await turn
    } catch (cause) {
      throw stateError(file, cause)
    }
  }
}

/** Where the run in this folder keeps its rejected rows: with the last process that had it. */
export function quarantineFolder(runDir: string): string {
  return folders(runDir)[0]?.dir ?? join(runDir, folderName(1))
}

/** Where the run in this folder keeps the rejected rows of an entity. */
export function quarantineFile(runDir: string, entity: string): string {
  return join(quarantineFolder(runDir), fileName(entity))
}

/** The last process's first. */
function folders(runDir: string): { readonly epoch: number; readonly dir: string }[] {
  if (!existsSync(runDir)) return []
  return readdirSync(runDir)
    .flatMap(name => {
      const [found, epoch = '1'] = /^quarantine(?:-(\d+))?$/.exec(name) ?? []
      return found === undefined ? [] : [{ epoch: Number(epoch), dir: join(runDir, name) }]
    })
    .sort((a, b) => b.epoch - a.epoch)
}

function folderName(epoch: number): string {
  return epoch === 1 ? 'quarantine' : `quarantine-${epoch}`
}

function fileName(entity: string): string {
  return `${entity.replaceAll(/[^\w.-]/g, '_')}.ndjson`
}

/** Undefined for a line that a crash cut off. */
export function parseLine(line: string): QuarantineLine | undefined {
  try {
    return JSON.parse(line) as QuarantineLine
  } catch {
    return undefined
  }
}

/** A file of the state folder could not be written: the data is safe in the target, the run stops and can be resumed. */
export function stateError(file: string, cause: unknown): EtlError {
  const native = (cause as NodeJS.ErrnoException).code ?? 'error'
  const why =
    native === 'ENOSPC'
      ? 'the disk is full'
      : native === 'EACCES' || native === 'EPERM' || native === 'EROFS'
        ? 'no permission'
        : native
  return new EtlError('E513', `${file} cannot be written: ${why}`, {
    cause,
    native,
    hint: 'make room (or give the rights), then go on with `etl run … --resume`; what is committed stays',
  })
}
