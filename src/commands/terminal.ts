import { exitCodeOf, PipelineError } from '../core/errors.js'
import { asEtlError } from '../core/unforeseen.js'
import { TOOL_VERSION } from '../core/version.js'
import { printable } from '../ui/format.js'
import { errorJson } from '../ui/json.js'
import { paint, type Theme, themeOf } from '../ui/theme.js'
import { hideInCrashes } from './crash.js'
import type { Io, OutputOptions } from './io.js'

/** Where a command writes: results to stdout, everything else to stderr, both without secrets. */
export class Terminal {
  readonly io: Io
  readonly options: OutputOptions
  readonly outTheme: Theme
  readonly errTheme: Theme
  #redact: (text: string) => string = text => text
  #runCommand = 'etl run …'

  constructor(io: Io, options: OutputOptions) {
    this.io = io
    this.options = options
    this.outTheme = themeOf(options, io.env, io.stdout.isTTY)
    this.errTheme = themeOf(options, io.env, io.stderr.isTTY)
  }

  /** From now on these values are masked in all that is written. */
  async hide(secrets: readonly string[]): Promise<void> {
    const { redactor } = await import('../load/redact.js')
    this.#redact = redactor(secrets)
    hideInCrashes(this.#redact)
  }

  /** From now on hints that say `etl run …` say this in full, so that they can be pasted. */
  hintAt(runCommand: string): void {
    this.#runCommand = runCommand
  }

  redact(text: string): string {
    return this.#redact(text.replaceAll('etl run …', this.#runCommand))
  }

  out(text: string): void {
    this.io.stdout.write(this.redact(text))
  }

  /** A command's answer to `--json`. */
  document(document: object): void {
    this.out(`${JSON.stringify(document, jsonValue, 2)}\n`)
  }

  err(text: string): void {
    this.io.stderr.write(this.redact(text))
  }

  /** What goes on, for people who watch: dim, on stderr, and only where that is a terminal. */
  note(message: string): void {
    if (this.options.quiet === true || this.io.stderr.isTTY !== true) return
    this.err(`${paint(this.errTheme, 'dim', `${this.errTheme.symbols.dot} ${printable(message)}`)}\n`)
  }

  /** Tells an error the way its kind is told and gives the exit code it means. */
  async fail(error: unknown): Promise<number> {
    const { verbose } = this.options
    if (error instanceof PipelineError) {
      const { formatDiagnostics } = await import('../load/code-frame.js')
      const text = formatDiagnostics(error, { color: this.errTheme.color })
      this.err(text.endsWith('\n') ? text : `${text}\n`)
    } else {
      const { errorText } = await import('../ui/error-text.js')
      this.err(errorText(error, { theme: this.errTheme, verbose: verbose === true, version: TOOL_VERSION }))
    }
    return exitCodeOf(error)
  }

  /** Runs a command's work; whatever it throws is told and becomes the exit code. */
  async perform(work: () => Promise<number>): Promise<number> {
    try {
      return await work()
    } catch (error) {
      return this.fail(error)
    }
  }

  /**
   * The same for a command whose `--json` puts one document on stdout, whatever happens: where the work throws it says
   * what went wrong, `{ error, problems? }` in the form `documentOf` gives it.
   */
  performDocument(
    work: () => Promise<number>,
    documentOf: (error: object) => object = error => error,
  ): Promise<number> {
    return this.perform(async () => {
      try {
        return await work()
      } catch (error) {
        const problems = error instanceof PipelineError ? { problems: error.diagnostics } : {}
        if (this.options.json === true) this.document(documentOf({ error: errorJson(asEtlError(error)), ...problems }))
        throw error
      }
    })
  }
}

/** Keys may hold what JSON has no word for. */
function jsonValue(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
