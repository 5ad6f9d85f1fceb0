import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { openPipeline } from './open-pipeline.js'
import { addOutputOptions, addPipelineOptions, type PipelineOptions } from './options.js'
import { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

interface BackupFlags extends PipelineOptions, OutputOptions {
  readonly json?: boolean
}

const NOTES = `
Where the files go, how many stay, which tables they hold and whether they are encrypted is said by backup: in the file. A
JSON file beside each says what it is, with its SHA-256. Only their owner can read them. The target is only read.
`

export const backupCommand: CliCommand = {
  name: 'backup',
  summary: 'save the target',
  configure: (command, io, finish) => {
    addOutputOptions(addPipelineOptions(command).option('--json', 'one JSON document on stdout'))
      .option('--ascii', 'no characters beyond ASCII in marks')
      .option('--quiet', 'only errors')
      .addHelpText(
        'after',
        NOTES +
          examples([
            ['etl backup', 'the target of this folder’s pipeline'],
            ['etl backup crm.yaml --json', 'what was made, for a script'],
          ]),
      )
      .action(async (file: string | undefined, flags: BackupFlags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => backup(file, flags, terminal)))
      })
  },
}

async function backup(file: string | undefined, flags: BackupFlags, terminal: Terminal): Promise<number> {
  const pipeline = await openPipeline(file, flags, terminal)
  const { backupTarget } = await import('../index.js')
  const { backupText } = await import('../ui/backup-text.js')
  const result = await withSignals(signal =>
    backupTarget(pipeline, { signal, onProgress: message => terminal.note(message) }),
  )
  if (flags.json === true) terminal.document(result)
  else if (flags.quiet !== true) terminal.out(backupText(result, terminal.outTheme))
  return 0
}
