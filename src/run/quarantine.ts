import { appendFile, mkdir, readFile } from 'node:fs/promises'
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
 */
export class QuarantineFiles {
  readonly #dir: string
  readonly #turns = new Map<string, Promise<void>>()

  constructor(runDir: string) {
    this.#dir = join(runDir, 'quarantine')
  }

  path(entity: string): string {
    return join(this.#dir, fileName(entity))
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
      await mkdir(this.#dir, { recursive: true, mode: 0o700 })
      await appendFile(file, lines.join(''), { mode: 0o600 })
    })
  }

  /** Cuts off what belongs to batches after `lastBatch` of the chunk. */
  async trim(entity: string, pass: string, chunk: number, lastBatch: number): Promise<void> {
    const file = this.path(entity)
    await this.#inTurn(file, async () => {
      const text = await readFile(file, 'utf8').catch(() => undefined)
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

/** Where the run in this folder keeps the rejected rows of an entity. */
export function quarantineFile(runDir: string, entity: string): string {
  return join(runDir, 'quarantine', fileName(entity))
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
