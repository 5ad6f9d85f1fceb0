import { resolve } from 'node:path'
import type { Diagnostic } from '../core/diagnostics.js'
import type { Pipeline } from '../load/pipeline.js'
import { printable } from '../ui/format.js'
import { paint } from '../ui/theme.js'
import { findPipeline } from './find-pipeline.js'
import { loadOptions, type PipelineOptions } from './options.js'
import type { Terminal } from './terminal.js'

/** Finds and loads the pipeline of a command, hides its secrets and tells its warnings. */
export async function openPipeline(
  given: string | undefined,
  options: PipelineOptions,
  terminal: Terminal,
): Promise<Pipeline> {
  const { io } = terminal
  const file = findPipeline(given, io.cwd)
  const { loadPipeline } = await import('../load/load.js')
  // The path stays as it was typed where that means the same, because messages repeat it.
  const pipeline = await loadPipeline(io.cwd === process.cwd() ? file : resolve(io.cwd, file), loadOptions(options, io))
  await terminal.hide(pipeline.secrets)
  terminal.hintAt(runCommand(file, options))
  if (terminal.options.quiet !== true) tellWarnings(pipeline.warnings, pipeline.file, terminal)
  return pipeline
}

function runCommand(file: string, { profile, var: vars, allowCode }: PipelineOptions): string {
  const words = ['etl', 'run', file]
  if (profile !== undefined) words.push('--profile', profile)
  for (const [name, value] of Object.entries(vars ?? {})) words.push('--var', `${name}=${value}`)
  if (allowCode === true) words.push('--allow-code')
  return words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}

/** One line a warning, on stderr. */
export function tellWarnings(warnings: readonly Diagnostic[], file: string, terminal: Terminal): void {
  const { errTheme } = terminal
  for (const warning of warnings) {
    const { position } = warning
    const place = position === undefined ? file : `${file}:${position.line}:${position.column}`
    const hint = warning.hint === undefined ? '' : ` (${warning.hint})`
    const text = printable(`${place}  ${warning.code} ${warning.message}${hint}`)
    terminal.err(`${paint(errTheme, 'warn', errTheme.symbols.warning)} ${text}\n`)
  }
}
