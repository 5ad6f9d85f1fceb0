import { toJson, type Value } from '../core/row.js'
import type { RowTrace } from '../trace/api.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineArgument, addVariableOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

const NOTES = `
Reads the row from the source, puts it through the mapping as a run compiles it, and shows what each step makes of it;
then what the target has now, and what the last runs did with the row. Nothing is written. It shows the values of the row:
mind who looks on. The key is that of the source; of several columns it is written with commas.
With \`dedupe\` the whole source is read, to know which row is kept.
`

export const traceCommand: CliCommand = {
  name: 'trace',
  summary: 'follow one row through every step, with its values',
  configure: (command, io, finish) => {
    command.argument('<entity>', 'an entity of the file').argument('<key>', 'source key of the row')
    addOutputOptions(addVariableOptions(addPipelineArgument(command)))
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl trace orders 42', 'order 42 of the pipeline of this folder'],
            ['etl trace order_items 42,3 crm.yaml', 'a key of two columns'],
          ]),
      )
      .action(async (entity: string, key: string, file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => trace({ entity, key, file }, flags, terminal)))
      })
  },
}

async function trace(
  { entity, key, file }: { readonly entity: string; readonly key: string; readonly file: string | undefined },
  flags: Flags,
  terminal: Terminal,
): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { traceRow } = await import('../trace/trace.js')
  const traced = await traceRow(pipeline, entity, key, { startedAt: new Date().toISOString() })
  if (flags.json === true) terminal.document(jsonOf(traced))
  else {
    const { traceText } = await import('../ui/trace-text.js')
    terminal.out(traceText(traced, { theme: terminal.outTheme, width: terminal.io.stdout.columns || 80 }))
  }
  return traced.source.row === undefined ? 1 : 0
}

/** Values in a form that JSON keeps: see `toJson`. */
function jsonOf(trace: RowTrace): object {
  return JSON.parse(JSON.stringify(trace, (name, value: unknown) => (name === 'value' ? safe(value) : value))) as object
}

function safe(value: unknown): unknown {
  // JSON.stringify has turned bytes into an object already.
  const bytes = value as { readonly type?: unknown; readonly data?: readonly number[] } | null
  if (bytes !== null && typeof bytes === 'object' && bytes.type === 'Buffer')
    return toJson(Buffer.from(bytes.data ?? []))
  return toJson(value as Value)
}
