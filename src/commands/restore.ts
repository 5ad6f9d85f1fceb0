import { resolve } from 'node:path'
import type { RestorePlan } from '../backup/restore.js'
import { ask } from './ask.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addVariableOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface RestoreFlags extends PipelineOptions, OutputOptions {
  readonly yes?: boolean
  readonly intoOtherTarget?: boolean
  /** False after `--no-backup`. */
  readonly backup?: boolean
  readonly json?: boolean
}

const NOTES = `
First the backup is proven to be what was written, the target to be the one it was made of, and no run to hold it. Then
what is there is saved (<pipeline>_pre_restore_…), and the backup takes its place in one transaction, where the database
can: MySQL cannot for scope: database. Runs since then count as undone. Whatever is refused touches nothing.
`

export const restoreCommand: CliCommand = {
  name: 'restore',
  summary: 'put a backup back',
  configure: (command, io, finish) => {
    const pipeline = ['[pipeline]', 'the pipeline file (default: etl.yaml or pipeline.yaml)'] as const
    addOutputOptions(addVariableOptions(command.argument('<backup>', 'the file').argument(...pipeline)))
      .option('--yes', 'do not ask before the target is replaced')
      .option('--into-other-target', 'the backup may be one of another target or pipeline')
      .option('--no-backup', 'do not save what is there before')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .option('--quiet', 'only errors')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl restore backups/crm_backup_20240229_030405.db', 'shows what would change, and asks'],
            ['etl restore backups/crm_backup_20240229_030405.db crm.yaml --yes', 'in a script'],
          ]),
      )
      .action(async (backup: string, file: string | undefined, flags: RestoreFlags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => restore(backup, file, flags, terminal)))
      })
  },
}

async function restore(
  backup: string,
  file: string | undefined,
  flags: RestoreFlags,
  terminal: Terminal,
): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { restoreBackup } = await import('../index.js')
  const { restorePlanText, restoreText } = await import('../ui/backup-text.js')
  const result = await withSignals(signal =>
    restoreBackup(pipeline, resolve(terminal.io.cwd, backup), {
      signal,
      intoOtherTarget: flags.intoOtherTarget === true,
      backup: flags.backup !== false,
      onProgress: message => terminal.note(message),
      confirm: async plan => {
        if (flags.yes === true) return
        await confirm(plan, pipeline.spec.name, restorePlanText(plan, terminal.errTheme), terminal)
      },
    }),
  )
  if (flags.json === true) terminal.document(result)
  else if (flags.quiet !== true) terminal.out(restoreText(result, terminal.outTheme))
  return 0
}

/** The pipeline's name is to be typed: what is there goes. */
function confirm(plan: RestorePlan, name: string, text: string, terminal: Terminal): Promise<void> {
  return ask({
    terminal,
    text,
    question: `Type ${name} to restore: `,
    yes: answer => answer === name,
    where: plan.target,
    unasked: 'a restore replaces what is there',
    hint: 'nothing was touched; add --yes where this is meant',
    refused: 'not confirmed; nothing was touched',
  })
}
