import { join, relative } from 'node:path'
import { Option } from 'commander'
import type { RunRecord } from '../history/record.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addVariableOptions, type PipelineOptions } from './options.js'
import { saveOutput } from './save-output.js'
import { Terminal } from './terminal.js'

type Format = 'html' | 'json' | 'junit'

interface Flags extends PipelineOptions, OutputOptions {
  readonly format: Format
  readonly output?: string
}

export const reportCommand: CliCommand = {
  name: 'report',
  summary: 'show what a run did, as a page, JSON or JUnit',
  configure: (command, io, finish) => {
    command
      .argument('<run>', 'the run, of which the first characters are enough, or: last')
      .argument('[pipeline]', 'the pipeline file (default: etl.yaml or pipeline.yaml)')
    addOutputOptions(addVariableOptions(command))
      .addOption(new Option('--format <format>', 'what to make').choices(['html', 'json', 'junit']).default('html'))
      .option('-o, --output <file>', 'where to; - is stdout')
      .addHelpText(
        'after',
        `
Every run leaves report.json and report.html in its folder; the page works offline and without scripts. Without -o, html
is written there again and its path printed, and json and junit go to stdout.
${examples([
  ['etl report last', 'the page of the last run'],
  ['etl report 7f3a9c12 crm.yaml -o run.html', 'a copy to pass on'],
  ['etl report last --format junit -o run.xml', 'for a build server'],
])}`,
      )
      .action(async (run: string, file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.perform(() => report(run, file, flags, terminal)))
      })
  },
}

async function report(run: string, file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { findRecord } = await import('../index.js')
  const stateDir = join(pipeline.baseDir, '.etl', pipeline.spec.name)
  const record = await findRecord(stateDir, run)
  const runDir = join(stateDir, 'runs', record.runId)
  if (flags.format === 'html' && flags.output === undefined) {
    const { writePage } = await import('../report/write-page.js')
    terminal.out(`${relative(terminal.io.cwd, await writePage(record, runDir))}\n`)
    return 0
  }
  const text = await textOf(record, flags.format)
  if (flags.output === undefined || flags.output === '-') terminal.out(text)
  else saveOutput('the report', flags.output, text, terminal)
  return 0
}

async function textOf(record: RunRecord, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(record, null, 2)}\n`
  if (format === 'html') return (await import('../report/page.js')).reportPage(record)
  const { junitOf, junitXml } = await import('../report/junit.js')
  return junitXml(`etl ${record.pipeline}`, junitOf(record))
}
