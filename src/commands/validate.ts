import type { Diagnostic } from '../core/diagnostics.js'
import { PipelineError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { plural } from '../ui/format.js'
import { paint } from '../ui/theme.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface ValidateOptions extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

export const validateCommand: CliCommand = {
  name: 'validate',
  summary: 'check the pipeline file alone; opens no connection',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command).option('--json', 'one JSON document on stdout'))
      .addHelpText(
        'after',
        examples([
          ['etl validate', 'etl.yaml or pipeline.yaml of this folder'],
          ['etl validate crm.yaml --json', 'for an editor or a script'],
        ]),
      )
      .action(async (file: string | undefined, options: ValidateOptions) => {
        const terminal = new Terminal(io, options)
        finish(await terminal.perform(() => validate(file, options, terminal)))
      })
  },
}

async function validate(file: string | undefined, options: ValidateOptions, terminal: Terminal): Promise<number> {
  if (options.json === true) return validateJson(file, options, terminal)
  const pipeline = await openPipeline(file, options, quietly(terminal))
  await tellFrames(pipeline, terminal)
  const { symbols } = terminal.outTheme
  const entities = plural(pipeline.spec.entities.length, 'entity', 'entities')
  const warnings = pipeline.warnings.length === 0 ? '' : `, ${plural(pipeline.warnings.length, 'warning')}`
  const mark = paint(terminal.outTheme, 'good', symbols.done)
  terminal.out(`${mark} ${pipeline.file} is valid: ${entities}${warnings}\n`)
  return 0
}

async function validateJson(file: string | undefined, options: ValidateOptions, terminal: Terminal): Promise<number> {
  const print = (ok: boolean, name: string, problems: readonly Diagnostic[]): void =>
    terminal.document({ ok, file: name, problems })
  try {
    const pipeline = await openPipeline(file, options, quietly(terminal))
    await terminal.hide(pipeline.secrets)
    print(true, pipeline.file, pipeline.warnings)
    return 0
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    print(false, error.file, error.diagnostics)
    return 2
  }
}

/** Warnings are part of the answer here, told with their frames or in the document. */
function quietly(terminal: Terminal): Terminal {
  return new Terminal(terminal.io, { ...terminal.options, quiet: true })
}

async function tellFrames(pipeline: Pipeline, terminal: Terminal): Promise<void> {
  if (pipeline.warnings.length === 0) return
  await terminal.hide(pipeline.secrets)
  const { formatDiagnostic } = await import('../load/code-frame.js')
  for (const warning of pipeline.warnings) {
    terminal.err(`${formatDiagnostic(pipeline.file, pipeline.text, warning, { color: terminal.errTheme.color })}\n`)
  }
}
