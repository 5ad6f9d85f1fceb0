import { type Command, Option } from 'commander'
import { EtlError } from '../core/errors.js'
import type { JobOptions } from '../job/api.js'
import type { ProgressMode } from '../ui/theme.js'
import { addEngineOption, type EngineFlags } from './engine-options.js'
import type { Io, OutputOptions } from './io.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions, positive, repeatable } from './options.js'
import { type SelectionOptions, selectionOf } from './selection.js'

export interface RunFlags extends PipelineOptions, OutputOptions, SelectionOptions, EngineFlags {
  readonly detach?: boolean
  readonly dryRun?: boolean
  readonly resume?: boolean
  readonly acceptChanges?: boolean
  readonly takeOver?: boolean
  readonly restart?: boolean
  readonly limit?: number
  readonly concurrency?: number
  readonly plan?: string
  readonly force?: boolean
  readonly verify?: 'none' | 'counts' | 'sample' | 'full'
  readonly undoOnFailure?: boolean
  readonly yes?: boolean
  /** False after `--no-backup`. */
  readonly backup?: boolean
  readonly checkOnly?: boolean
  readonly json?: boolean
  /** Undefined: `auto`, or `none` beside `--json`. */
  readonly progress?: 'auto' | ProgressMode
  readonly logFile?: string
}

export function addRunOptions(command: Command): Command {
  addPipelineOptions(command)
    .option('--dry-run', 'read, transform and check every row; write nothing')
    .addOption(new Option('--resume', 'go on with the unfinished run').conflicts(['dryRun', 'restart']))
    .option(
      '--accept-changes',
      'with --resume: go on although the file or a schema changed; else: read incremental entities anew',
    )
    .addOption(
      new Option('--take-over', 'go on with a run whose process is dead, though it still holds it').conflicts([
        'dryRun',
        'restart',
      ]),
    )
    .addOption(new Option('--restart', 'give up the unfinished run and begin a new one').conflicts('dryRun'))
    .option('--entity <name>', 'only this entity (repeatable; +name and name+ take what is around it)', repeatable)
    .option('--exclude <name>', 'all but this entity (repeatable)', repeatable)
    .option('--limit <rows>', 'at most so many rows per entity', positive)
    .option('--batch-size <rows>', 'rows in a batch', positive)
    .option('--concurrency <n>', 'entities at work at the same time', positive)
    .addOption(
      new Option('--verify <level>', 'what the run proves at its end (default: what the file says)').choices([
        'none',
        'counts',
        'sample',
        'full',
      ]),
    )
    .option('--no-backup', 'no backup before the run, whatever the file says')
    .option('--undo-on-failure', 'take back what was written if the run fails')
    .option('--check-only', 'only what `etl check` does')
    .addOption(
      new Option('--plan <file>', 'only as `etl plan -o` planned it: refused where file or schemas changed').conflicts([
        'entity',
        'exclude',
      ]),
    )
    .option('--force', 'go on although checks of severity error fail (never with critical ones)')
    .option('--yes', 'do not ask before rows that are there already are touched')
  addEngineOption(command, 'hand the work to the workers of this engine')
  return addOutputOptions(addFollowOptions(command))
}

/** How a run is shown while it goes on. */
export function addFollowOptions(command: Command): Command {
  return command
    .option('--detach', 'with --engine: do not wait for the end; prints the id of the run')
    .option('--json', 'events as one JSON document a line on stdout, the result last')
    .addOption(new Option('--progress <mode>', 'how progress is shown').choices(['auto', 'tty', 'plain', 'none']))
    .option('--log-file <file>', 'append what happens to a file')
    .option('--ascii', 'no characters beyond ASCII on the screen')
    .option('--quiet', 'only errors')
}

/** The flags as options of the run. Throws E520 for combinations without a meaning. */
export function runOptionsOf(flags: RunFlags, io: Io): JobOptions {
  const logic = io.env.ETL_LOGIC ?? ''
  if (logic !== '' && logic !== 'compiled' && logic !== 'reference') {
    throw new EtlError('E520', 'ETL_LOGIC must be compiled or reference', { kind: 'usage', hint: 'unset it' })
  }
  return {
    ...selectionOf(flags),
    ...(logic === '' ? {} : { logic }),
    ...(flags.verify === undefined ? {} : { verify: flags.verify }),
    ...(flags.dryRun === true ? { dryRun: true } : {}),
    ...(flags.resume === true ? { resume: true } : {}),
    ...(flags.acceptChanges === true ? { acceptChanges: true } : {}),
    ...(flags.takeOver === true ? { takeOver: true } : {}),
    ...(flags.backup === false ? { backup: false as const } : {}),
    ...(flags.restart === true ? { restart: true } : {}),
    ...(flags.force === true ? { force: true } : {}),
    ...(flags.undoOnFailure === true ? { undoOnFailure: true } : {}),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  }
}
