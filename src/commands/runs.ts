import { printable } from '../ui/format.js'
import { paint } from '../ui/theme.js'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

export const runsCommand: CliCommand = {
  name: 'runs',
  summary: 'list the runs that a pipeline has had',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command))
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        `
Runs are known from the target's ledger and from their folders beside the pipeline file. TIME is from the beginning to
the end of a run, an interruption between included, without the time it took to take it back.
${examples([
  ['etl runs', 'the pipeline of this folder'],
  ['etl runs crm.yaml --json', 'for a program'],
])}`,
      )
      .action(async (file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => runs(file, flags, terminal)))
      })
  },
}

async function runs(file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { listRuns } = await import('../index.js')
  const history = await listRuns(pipeline)
  if (flags.json === true) {
    terminal.document(history)
    return 0
  }
  if (history.note !== undefined) {
    const { errTheme: theme } = terminal
    const text = `${history.note}: these are the runs whose folders are here`
    terminal.err(`${paint(theme, 'warn', theme.symbols.warning)} ${printable(text)}\n`)
  }
  const { runsText } = await import('../ui/runs-text.js')
  const { shellWord } = await import('../ui/summary.js')
  const width = terminal.io.stdout.columns || Number.POSITIVE_INFINITY
  terminal.out(runsText(history, { theme: terminal.outTheme, file: shellWord(pipeline.file), width }))
  return 0
}
