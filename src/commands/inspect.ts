import { EtlError } from '../core/errors.js'
import { toJson, type Value } from '../core/row.js'
import type { Inspection, InspectOptions } from '../inspect/api.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addVariableOptions, type PipelineOptions, positive, repeatable } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly url?: string
  readonly table?: readonly string[]
  readonly sample?: number
  readonly json?: boolean
}

const NOTES = `
Shows tables with rows, size and keys; values that are there twice although they look unique; tables that look alike;
references that point nowhere, also those that only names suggest; how dates are written; nulls, values and ranges of
columns. Reads only. What it shows are values of your data.
`

export const inspectCommand: CliCommand = {
  name: 'inspect',
  summary: 'look at a database or at files before moving them',
  configure: (command, io, finish) => {
    command
      .argument('[source]', 'a source of the pipeline, or: target')
      .argument('[pipeline]', 'the pipeline file (default: etl.yaml or pipeline.yaml)')
    addOutputOptions(addVariableOptions(command))
      .option(
        '--url <address>',
        'a database or file without a pipeline: postgres://…, mysql://…, sqlite:file, data.csv',
      )
      .option('--table <name>', 'only this table (repeatable)', repeatable)
      .option('--sample <rows>', 'rows read of a table with more than 2,000,000', positive)
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl inspect legacy', 'a source of the pipeline of this folder'],
            ['etl inspect --url sqlite:fitness.db', 'a database without a pipeline'],
            ['etl inspect --url export.csv --json', 'a file, for a program'],
          ]),
      )
      .action(async (source: string | undefined, file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => inspect(source, file, flags, terminal)))
      })
  },
}

async function inspect(
  source: string | undefined,
  file: string | undefined,
  flags: Flags,
  terminal: Terminal,
): Promise<number> {
  const options: InspectOptions = {
    ...(flags.table === undefined ? {} : { tables: flags.table }),
    ...(flags.sample === undefined ? {} : { sampleRows: flags.sample }),
  }
  const inspection = await look(source, file, options, flags, terminal)
  if (flags.json === true) {
    const plain = (_: string, value: unknown): unknown =>
      typeof value === 'bigint' || Buffer.isBuffer(value) ? toJson(value as Value) : value
    terminal.out(`${JSON.stringify(inspection, plain, 2)}\n`)
  } else {
    const { inspectText } = await import('../ui/inspect-text.js')
    terminal.out(inspectText(inspection, terminal.outTheme))
  }
  return 0
}

async function look(
  source: string | undefined,
  file: string | undefined,
  options: InspectOptions,
  flags: Flags,
  terminal: Terminal,
): Promise<Inspection> {
  const { inspectSource, inspectUrl } = await import('../index.js')
  if (flags.url !== undefined) {
    if (source !== undefined) throw usage('give a source of the pipeline or --url, not both')
    const { secretsOf } = await import('../load/secrets.js')
    await terminal.hide(secretsOf(['target', 'url'], flags.url, false))
    return inspectUrl(flags.url, { ...options, baseDir: terminal.io.cwd })
  }
  if (source === undefined) throw usage('no source was given')
  const pipeline = await openPipeline(file, flags, terminal)
  return inspectSource(pipeline, source, options)
}

function usage(message: string): EtlError {
  const hint = '`etl inspect SOURCE` for a source of the pipeline, `etl inspect --url ADDRESS` without one'
  return new EtlError('E520', message, { kind: 'usage', hint })
}
