import type { CliCommand } from './command.js'
import { examples } from './command.js'
import { addRunOptions, type RunFlags } from './run-options.js'
import { Terminal } from './terminal.js'

export const runCommand: CliCommand = {
  name: 'run',
  summary: 'move the data',
  configure: (command, io, finish) => {
    addRunOptions(command)
      .addHelpText(
        'after',
        examples([
          ['etl run', 'the pipeline of this folder'],
          ['etl run crm.yaml --dry-run', 'every row checked, nothing written'],
          ['etl run crm.yaml --resume', 'go on after an interruption'],
          ['etl run crm.yaml --entity +orders', 'orders and what it depends on'],
          ['etl run crm.yaml --yes --progress plain', 'in a script or a scheduler'],
        ]),
      )
      .action(async (file: string | undefined, flags: RunFlags) => {
        const terminal = new Terminal(io, flags)
        // Loaded only here: the other commands start without what a run needs.
        const { runPipeline } = await import('./execute-run.js')
        finish(await runPipeline(file, flags, terminal))
      })
  },
}
