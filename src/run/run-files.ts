import { createWriteStream, type WriteStream } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EtlError } from '../core/errors.js'
import { privateFolder } from '../core/private-folder.js'
import type { RunResult } from './api.js'
import type { RunEvent } from './events.js'
import { QuarantineFiles, stateError } from './quarantine.js'

/** `runs/<run-id>/`: events as they happen and rejected rows, readable by the owner only. */
export class RunFiles {
  readonly dir: string
  readonly quarantine: QuarantineFiles
  readonly #events: WriteStream
  readonly #onError: (error: EtlError) => void

  private constructor(quarantine: QuarantineFiles, dir: string, onError: (error: EtlError) => void) {
    const events = createWriteStream(join(dir, 'events.ndjson'), { flags: 'a', mode: 0o600 })
    this.dir = dir
    this.quarantine = quarantine
    this.#events = events
    this.#onError = onError
    events.on('error', cause => this.#onError(stateError(join(dir, 'events.ndjson'), cause)))
  }

  /** @param onError a file could not be written: the run is to stop */
  static async open(
    stateDir: string,
    run: { readonly runId: string; readonly epoch: number },
    onError: (error: EtlError) => void,
  ): Promise<RunFiles> {
    const dir = join(stateDir, 'runs', run.runId)
    const above = basename(dirname(stateDir)) === '.etl' ? [dirname(stateDir)] : []
    try {
      for (const folder of [...above, stateDir, dirname(dir), dir]) await privateFolder(folder)
    } catch (cause) {
      throw cause instanceof EtlError ? cause : stateError(dir, cause)
    }
    return new RunFiles(await QuarantineFiles.open(dir, run.epoch), dir, onError)
  }

  get places(): Pick<RunResult, 'runDir' | 'quarantineDir'> {
    return { runDir: this.dir, quarantineDir: this.quarantine.dir }
  }

  event(event: RunEvent): void {
    if (this.#events.writable) this.#events.write(`${JSON.stringify(event)}\n`)
  }

  /** What could not be written has been told by then. */
  close(): Promise<void> {
    return new Promise<void>(resolve => {
      if (this.#events.closed) return resolve()
      this.#events.once('close', resolve).end()
    })
  }
}

/** Adds what happened after the run's own end. Throws E513. */
export async function appendEvents(runDir: string, events: readonly RunEvent[]): Promise<void> {
  const file = join(runDir, 'events.ndjson')
  try {
    await appendFile(file, events.map(event => `${JSON.stringify(event)}\n`).join(''), { mode: 0o600 })
  } catch (cause) {
    throw stateError(file, cause)
  }
}
