import type { UndoSurvey } from '../undo/api.js'
import { ask } from './ask.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addVariableOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface Flags extends PipelineOptions, OutputOptions {
  readonly yes?: boolean
  readonly skipConflicts?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
}

const NOTES = `
Rows that the run inserted are deleted, rows that it updated get back what they held, replaced tables their rows; tables
that it made are dropped when nothing is left in them. Batch by batch, the newest first, each in one transaction: after an
interruption the same command goes on. Rows that changed since, or that others refer to, refuse the whole with their list.
What hooks, triggers and cascades did stays, and sequences do not go back. Exit code 4: a table has not the rows it had.
`

export const undoCommand: CliCommand = {
  name: 'undo',
  summary: 'take back exactly what a run wrote',
  configure: (command, io, finish) => {
    command
      .argument('<run>', 'the run, or `last`')
      .argument('[pipeline]', 'the pipeline file (default: the only one here)')
    addOutputOptions(addVariableOptions(command))
      .option('--dry-run', 'show what would be done; write nothing')
      .option('--skip-conflicts', 'leave rows that changed since, or that others refer to, as they are')
      .option('--yes', 'do not ask')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .option('--quiet', 'only errors')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl undo last --dry-run', 'what the last run wrote, counted'],
            ['etl undo 7f3a9c12 crm.yaml', 'take that run back, after a question'],
            ['etl undo 7f3a9c12 --skip-conflicts --yes', 'all but the rows that changed since'],
          ]),
      )
      .action(async (run: string, file: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => undo(run, file, flags, terminal)))
      })
  },
}

async function undo(run: string, file: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { undoRun } = await import('../index.js')
  const { undoText, surveyText } = await import('../ui/undo-text.js')
  const shown = flags.quiet !== true && flags.json !== true
  const result = await withSignals(signal =>
    undoRun(pipeline, {
      run,
      signal,
      dryRun: flags.dryRun === true,
      skipConflicts: flags.skipConflicts === true,
      confirm: async survey => {
        if (flags.yes !== true) await confirm(survey, surveyText(survey, terminal.errTheme), terminal)
      },
      ...(shown ? { onProgress: throttled(message => terminal.err(`${message}\n`)) } : {}),
    }),
  )
  if (flags.json === true) terminal.document(result)
  else if (flags.quiet !== true) terminal.out(undoText(result, terminal.outTheme))
  return result.verified ? 0 : 4
}

const PROGRESS_MS = 2000

/** Says one thing in so many, so that a log stays readable. */
function throttled(tell: (message: string) => void): (message: string) => void {
  let last = Date.now()
  return message => {
    if (Date.now() - last < PROGRESS_MS) return
    last = Date.now()
    tell(message)
  }
}

/** The run's id is to be typed: this cannot be taken back. */
function confirm(survey: UndoSurvey, text: string, terminal: Terminal): Promise<void> {
  return ask({
    terminal,
    text,
    question: `Type ${survey.runId} to take it back: `,
    yes: answer => answer === survey.runId,
    where: survey.target,
    unasked: `run ${survey.runId} would be taken back`,
    hint: 'add --yes where this is meant; --dry-run shows what would happen',
    refused: 'not confirmed; nothing was taken back',
  })
}
