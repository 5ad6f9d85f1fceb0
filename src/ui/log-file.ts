import { appendFileSync, closeSync, openSync } from 'node:fs'
import { EtlError } from '../core/errors.js'

/** A file of lines. Each line is in the file when `write` returns, so that nothing is lost when the process is killed. */
export class LogFile {
  readonly #fd: number
  #broken: boolean = false

  /** Appends to `path`; throws E513 where that is impossible. */
  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'a', 0o600)
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
      throw new EtlError('E513', `the log file cannot be opened${reason}`, {
        kind: 'usage',
        where: path,
        hint: 'give another path to --log-file',
      })
    }
  }

  /** A log that cannot be written any more (disk full) never stops the work. */
  write(line: string): void {
    if (this.#broken) return
    try {
      appendFileSync(this.#fd, `${line}\n`)
    } catch {
      this.#broken = true
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}
