import { Option } from 'commander'
import { exitCodeOf } from '../core/errors.js'
import type { VerifyLevel } from '../spec/model.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, positive } from './options.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface VerifyFlags extends PipelineOptions, OutputOptions {
  readonly run?: string
  readonly level?: VerifyLevel
  readonly sample?: number
  readonly before?: boolean
  readonly after?: boolean
  readonly resume?: boolean
  readonly hashes?: boolean
  readonly showValues?: boolean
  readonly json?: boolean
}

export const verifyCommand: CliCommand = {
  name: 'verify',
  summary: 'prove a finished run: target against source, row by row',
  configure: (command, io, finish) => {
    addOutputOptions(
      addPipelineOptions(command)
        .option('--run <id>', 'this run (default: the last one)')
        .addOption(new Option('--level <level>', 'how much is proved').choices(['counts', 'sample', 'full']))
        .option(
          '--sample <rows>',
          'rows of each entity that a sample takes (default: what the file says, else 10,000)',
          positive,
        )
        .addOption(
          new Option('--before', 'what there is before a run, and what it would do').conflicts([
            'run',
            'level',
            'resume',
          ]),
        )
        .addOption(new Option('--after', 'what a run has done (the default)').conflicts('before'))
        .option('--no-hashes', 'compare each row here, also where both databases could hash theirs')
        .option('--resume', 'go on with a verification that was interrupted')
        .option('--show-values', 'tell differences with their values')
        .option('--json', 'one JSON document on stdout'),
    )
      .option('--ascii', 'no characters beyond ASCII in marks')
      .option('--quiet', 'no progress')
      .addHelpText(
        'after',
        examples([
          ['etl verify', 'every row of the last run, field by field'],
          ['etl verify crm.yaml --level counts', 'only that every row is accounted for'],
          ['etl verify crm.yaml --level sample --sample 50000', 'random rows'],
          ['etl verify crm.yaml --before', 'what to expect of the next run'],
        ]),
      )
      .action(async (file: string | undefined, flags: VerifyFlags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => verify(file, flags, terminal)))
      })
  },
}

/** Prints what was found; 0 where nothing is wrong, 4 where something is, 130 or 143 where it was interrupted. */
async function verify(file: string | undefined, flags: VerifyFlags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { verifyBefore, verifyPipeline } = await import('../index.js')
  const { beforeText, verifyText } = await import('../ui/verify-text.js')
  const tell = (document: object, text: string): void =>
    flags.json === true ? terminal.document(document) : terminal.out(text)
  const showValues = flags.showValues === true
  if (flags.before === true) {
    const report = await verifyBefore(pipeline, { showValues })
    tell(report, beforeText(report, terminal.outTheme))
    return 0
  }
  return withSignals(async signal => {
    const report = await verifyPipeline(pipeline, {
      ...(flags.run === undefined ? {} : { run: flags.run }),
      ...(flags.level === undefined ? {} : { level: flags.level }),
      ...(flags.sample === undefined ? {} : { sample: flags.sample }),
      resume: flags.resume === true,
      hashes: flags.hashes !== false,
      showValues,
      signal,
      ...(flags.quiet === true || flags.json === true
        ? {}
        : { onProgress: (message: string) => terminal.err(`  ${message}\n`) }),
    })
    tell(report, verifyText(report, terminal.outTheme))
    return report.state === 'suspended' && signal.aborted ? exitCodeOf(signal.reason) : report.exitCode
  })
}
