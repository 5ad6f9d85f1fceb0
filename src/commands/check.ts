import type { Pipeline } from '../load/pipeline.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { withJsonError } from './json-error.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface CheckOptions extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

export const checkCommand: CliCommand = {
  name: 'check',
  summary: 'connect and check logins, tables, columns and rights',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command).option('--json', 'one JSON document on stdout'))
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        examples([
          ['etl check', 'the pipeline of this folder'],
          ['etl check crm.yaml --profile rehearsal', 'with a profile merged over it'],
        ]),
      )
      .action(async (file: string | undefined, options: CheckOptions) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.perform(() =>
            withJsonError(
              options.json === true,
              terminal,
              error => ({ ok: false, items: [], ...error }),
              async () => check(await openPipeline(file, options, terminal), options.json === true, terminal),
            ),
          ),
        )
      })
  },
}

/** Prints the report; 0 where all is well, 5 where a connection or a right is missing, 1 for anything else. */
export async function check(pipeline: Pipeline, json: boolean, terminal: Terminal): Promise<number> {
  const { checkPipeline } = await import('../index.js')
  const { checkText } = await import('../ui/check-text.js')
  const report = await checkPipeline(pipeline)
  terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : checkText(report, terminal.outTheme))
  if (report.ok) return 0
  return report.items.some(item => !item.ok && item.code?.startsWith('E3') === true) ? 5 : 1
}
