import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { EtlError } from '../core/errors.js'
import type { EntityVerification, VerifySettings } from './api.js'
import type { EntityPosition } from './entity.js'

/** What a verification was of: only the same one can be gone on with. */
export interface VerifySubject {
  readonly runId: string
  readonly fingerprint: string
  readonly settings: VerifySettings
}

/** What is kept of a verification that is not done. */
export interface VerifyProgress {
  readonly done: readonly EntityVerification[]
  readonly at?: EntityPosition
}

/** `verify.json` in the folder of the state; there only while a verification can be gone on with. */
export class VerifyFile {
  readonly #path: string
  readonly #subject: VerifySubject

  constructor(stateDir: string, subject: VerifySubject) {
    this.#path = join(stateDir, 'verify.json')
    this.#subject = subject
  }

  async write(progress: VerifyProgress): Promise<void> {
    try {
      await mkdir(join(this.#path, '..'), { recursive: true, mode: 0o700 })
      await writeFileAtomic(this.#path, JSON.stringify({ v: 1, subject: this.#subject, progress }), { mode: 0o600 })
    } catch (cause) {
      const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
      throw new EtlError('E513', `the progress of the verification cannot be kept${reason}`, {
        cause,
        where: this.#path,
      })
    }
  }

  /** @throws EtlError E505 where there is nothing to go on with, or only something else */
  async read(): Promise<VerifyProgress> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined)
    const kept = text === undefined ? undefined : parsed(text)
    if (kept === undefined || JSON.stringify(kept.subject) !== JSON.stringify(this.#subject)) {
      const what =
        kept === undefined
          ? 'no verification was interrupted'
          : 'the one that was interrupted is of another run, file or level'
      throw new EtlError('E505', `there is nothing to go on with: ${what}`, {
        kind: 'usage',
        hint: 'verify from the beginning: leave --resume out',
      })
    }
    return kept.progress
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

interface Kept {
  readonly subject: VerifySubject
  readonly progress: VerifyProgress
}

function parsed(text: string): Kept | undefined {
  try {
    const kept = JSON.parse(text) as Kept & { readonly v: number }
    return kept.v === 1 ? kept : undefined
  } catch {
    return undefined
  }
}
