import { mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EtlError } from '../core/errors.js'
import { type CliCommand, examples } from './command.js'
import { findPipeline } from './find-pipeline.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { saveOutput } from './save-output.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly live?: boolean
  readonly output?: string
  readonly types?: string
}

const NOTES = `
With --live it connects to the databases of a pipeline, reading only, and writes a schema whose tables and columns are
theirs: an editor offers them and marks what is not there, without a connection. The first line of the file names it:

  # yaml-language-server: $schema=.etl/pipeline.schema.json
`

export const schemaCommand: CliCommand = {
  name: 'schema',
  summary: 'print the JSON Schema of pipeline files, for editors',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command))
      .option('--live', 'with the tables and columns of the databases of a pipeline')
      .option('-o, --output <file>', 'of --live: the file (default: .etl/NAME.schema.json beside the pipeline)')
      .option('--types <file>', 'of --live: also TypeScript types of the rows, for functions of your own')
      .option('--json', 'of --live: one JSON document on stdout')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl schema > pipeline.schema.json', 'keep it beside your pipelines'],
            ['etl schema --live', 'with your tables, for the pipeline of this folder'],
            ['etl schema --live crm.yaml --types rows.d.ts', 'and types for functions of your own'],
          ]),
      )
      .action(async (file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => schema(file, flags, terminal)))
      })
  },
}

async function schema(file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  if (flags.live === true) return live(file, flags, terminal)
  const given = file !== undefined || flags.output !== undefined || flags.types !== undefined
  if (given)
    throw new EtlError('E520', 'a pipeline, -o and --types go with --live', { kind: 'usage', hint: 'add --live' })
  terminal.out(readFileSync(new URL('../../schemas/pipeline.schema.json', import.meta.url), 'utf8'))
  return 0
}

/** Beside the pipeline file, in its folder of states: where `etl init` puts it too. */
export function liveSchemaFile(file: string): string {
  return `.etl/${basename(file).replace(/\.ya?ml$/, '')}.schema.json`
}

async function live(given: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const file = findPipeline(given, terminal.io.cwd)
  const pipeline = await openPipeline(file, flags, terminal)
  const { liveFiles } = await import('../index.js')
  const { schema: text, types, found } = await liveFiles(pipeline)
  const own = join(dirname(file), liveSchemaFile(file))
  const output = flags.output ?? own
  if (flags.output === undefined) mkdirSync(dirname(resolve(terminal.io.cwd, own)), { recursive: true, mode: 0o700 })
  saveOutput('the schema', output, text, terminal)
  if (flags.types !== undefined) saveOutput('the types', flags.types, types, terminal)
  const written = [output, ...(flags.types === undefined ? [] : [flags.types])]
  if (flags.json === true) {
    terminal.document({ written, found })
    return 0
  }
  const { plural } = await import('../ui/format.js')
  const done = terminal.outTheme.symbols.done
  const counts = Object.entries(found).map(([name, { tables, columns }]) => {
    return `${name} ${plural(tables, 'table')}, ${plural(columns, 'column')}`
  })
  terminal.out(`${done} ${written.join(', ')}: ${counts.join('; ')}\n`)
  const named = pipeline.text.includes('yaml-language-server:')
  const place = flags.output === undefined ? liveSchemaFile(file) : resolve(terminal.io.cwd, output)
  if (!named) terminal.out(`  first line of ${file}:  # yaml-language-server: $schema=${place}\n`)
  return 0
}
