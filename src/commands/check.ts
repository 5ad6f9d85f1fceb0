import type { Pipeline } from '../load/pipeline.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { saveOutput } from './save-output.js'
import { Terminal } from './terminal.js'

export interface CheckFlags extends PipelineOptions, OutputOptions {
  readonly json?: boolean
  readonly after?: boolean
  readonly junit?: string
  readonly keys?: boolean
}

export const checkCommand: CliCommand = {
  name: 'check',
  summary: 'connect: logins, tables, columns, rights, `checks`',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command).option('--json', 'one JSON document on stdout'))
      .option('--after', 'only the checks for the end of a run')
      .option('--keys', 'with --json: the keys of rows that break a check too')
      .option('--junit <file>', 'write the result as JUnit XML too')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        examples([
          ['etl check', 'the pipeline of this folder'],
          ['etl check --after', 'does the target hold what `checks` say?'],
          ['etl check crm.yaml --junit check.xml', 'for a build server'],
          ['etl check crm.yaml --profile rehearsal', 'with a profile merged over it'],
        ]),
      )
      .action(async (file: string | undefined, options: CheckFlags) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.performDocument(
            async () => check(await openPipeline(file, options, terminal), options, terminal),
            error => ({ ok: false, items: [], checks: [], ...error }),
          ),
        )
      })
  },
}

/** Prints the report; 0 where all is well, 5 where a connection or a right is missing, 1 for anything else. */
export async function check(pipeline: Pipeline, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const { checkPipeline } = await import('../index.js')
  const { checkText } = await import('../ui/check-text.js')
  const report = await checkPipeline(pipeline, flags.after === true ? { phase: 'after' } : {})
  if (flags.json === true) {
    const { withoutKeys } = await import('../checks/result.js')
    const checks = flags.keys === true ? report.checks : withoutKeys(report.checks)
    terminal.document({ ...report, checks })
  } else terminal.out(checkText(report, terminal.outTheme))
  if (flags.junit !== undefined) {
    const { checkSuites } = await import('../report/check-junit.js')
    const { junitXml } = await import('../report/junit.js')
    const text = junitXml(pipeline.spec.name, checkSuites(report.items, report.checks))
    saveOutput('the result', flags.junit, text, terminal)
  }
  if (report.ok) return 0
  return report.items.some(item => !item.ok && item.code?.startsWith('E3') === true) ? 5 : 1
}
