import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from 'commander'
import { parseDocument } from 'yaml'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import type { QuarantineReport } from '../run/quarantine-list.js'
import { printable } from '../ui/format.js'
import { paint } from '../ui/theme.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addVariableOptions, type PipelineOptions, positive, repeatable } from './options.js'
import type { RunFlags } from './run-options.js'
import { Terminal } from './terminal.js'

interface ListFlags extends PipelineOptions, OutputOptions {
  readonly entity?: readonly string[]
  readonly rows?: boolean
  readonly json?: boolean
}

type RetryFlags = RunFlags & { readonly from?: 'source' | 'kept' }

const RETRY_NOTES = `
A row is read again from the source by its key, so a value mended there counts as much as a field mended in the file; a
row without a key is taken as it was kept. --from kept takes every row as it was when it was rejected. Each row that gets
through is closed in the transaction that writes it; one that fails again stays, with its new cause. Parents go before
children. Hooks are not run, and no table is emptied. Exit code 0: all closed, 3: some remain.
`

export const quarantineCommand: CliCommand = {
  name: 'quarantine',
  summary: 'list rejected rows by cause, load them again',
  configure: (command, io, finish) => {
    addOutputOptions(addVariableOptions(command.argument('[pipeline]', PIPELINE).argument('[run]', RUN_LISTED)))
      .option('--entity <name>', 'only rows of this entity (repeatable)', repeatable)
      .option('--rows', 'the rows themselves, with the values that were kept')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        examples([
          ['etl quarantine', 'what the last run rejected, and why'],
          ['etl quarantine crm.yaml 7f3a9c12 --rows', 'the rows themselves'],
          ['etl quarantine retry last', 'load them through today’s file'],
        ]),
      )
      .action(async (first: string | undefined, second: string | undefined, flags: ListFlags) => {
        const terminal = new Terminal(io, flags)
        const { file, run } = fileAndRun(first, second, io.cwd)
        finish(await terminal.performDocument(() => list(file, run, flags, terminal)))
      })
    // What stands behind `retry` is for it.
    const retry = command
      .enablePositionalOptions()
      .command('retry')
      .summary('load rejected rows through today’s file and close them')
      .description('Loads the rows that a run rejected, and only those, through today’s file.')
    addOutputOptions(addVariableOptions(retry.argument('[pipeline]', PIPELINE).argument('[run]', RUN)))
      .addOption(
        new Option('--from <where>', 'source: the row of today; kept: as it was rejected')
          .choices(['source', 'kept'])
          .default('source'),
      )
      .option('--entity <name>', 'only this entity (repeatable; +name and name+ take what is around it)', repeatable)
      .option('--exclude <name>', 'all but this entity (repeatable)', repeatable)
      .option('--batch-size <rows>', 'rows in a batch', positive)
      .option('--concurrency <n>', 'entities at work at the same time', positive)
      .option('--json', 'events as one JSON document a line on stdout, the result last')
      .addOption(new Option('--progress <mode>', 'how progress is shown').choices(['auto', 'tty', 'plain', 'none']))
      .option('--log-file <file>', 'append what happens to a file')
      .option('--ascii', 'no characters beyond ASCII on the screen')
      .option('--quiet', 'only errors')
      .addHelpText(
        'after',
        RETRY_NOTES +
          examples([
            ['etl quarantine retry crm.yaml 7f3a9c12', 'rows as the source has them today'],
            ['etl quarantine retry crm.yaml 7f3a9c12 --from kept', 'rows as they were rejected'],
          ]),
      )
      .action(async (first: string | undefined, second: string | undefined, flags: RetryFlags) => {
        const terminal = new Terminal(io, flags)
        const { file, run } = fileAndRun(first, second, io.cwd)
        const { retryRun } = await import('./execute-run.js')
        finish(
          await terminal.perform(async () => {
            if (run === undefined) throw noRun()
            return retryRun(file, { run, from: flags.from ?? 'source' }, flags, terminal)
          }),
        )
      })
  },
}

const PIPELINE = 'the pipeline file (default: etl.yaml or pipeline.yaml)'
const RUN = 'the run whose rejected rows are meant, or `last`'
const RUN_LISTED = `${RUN} (default: the last one)`

function noRun(): EtlError {
  return new EtlError('E520', 'no run was given', { kind: 'usage', hint: '`etl quarantine` names the last one' })
}

/** The path may be left out: what looks like a run and is no file is one. */
function fileAndRun(first: string | undefined, second: string | undefined, cwd: string) {
  const alone = second === undefined && first !== undefined && /^([0-9a-f]{8}|last)$/.test(first)
  return alone && !existsSync(resolve(cwd, first)) ? { file: undefined, run: first } : { file: first, run: second }
}

async function list(
  file: string | undefined,
  run: string | undefined,
  flags: ListFlags,
  terminal: Terminal,
): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { listQuarantine } = await import('../index.js')
  const report = await listQuarantine(pipeline, {
    ...(run === undefined ? {} : { run }),
    ...(flags.entity === undefined ? {} : { entities: flags.entity }),
    ...(flags.rows === true ? { rows: true } : {}),
  })
  const causes = await explained(report, pipeline)
  if (flags.json === true) {
    terminal.document({ ...report, causes })
    return 0
  }
  if (report.note !== undefined) {
    const text = `${report.note}: this is what the run's folder holds; rows retried since are still among them`
    terminal.err(`${paint(terminal.errTheme, 'warn', terminal.errTheme.symbols.warning)} ${printable(text)}\n`)
  }
  if (report.kept !== undefined) for (const row of report.kept) terminal.out(`${JSON.stringify(row)}\n`)
  else {
    const { quarantineText } = await import('../ui/quarantine-text.js')
    const { shellWord } = await import('../ui/summary.js')
    terminal.out(quarantineText(report, causes, { theme: terminal.outTheme, file: shellWord(pipeline.file) }))
  }
  return 0
}

async function explained(report: QuarantineReport, pipeline: Pipeline) {
  const { suggestFix } = await import('../ui/suggest-fix.js')
  const entities: unknown = parseDocument(pipeline.text).toJS()?.entities
  const entityOf = (name: string) => (entities as Record<string, Record<string, unknown>> | undefined)?.[name]
  return report.causes.map(cause => ({ ...cause, fix: suggestFix(cause, entityOf(cause.entity)) }))
}
