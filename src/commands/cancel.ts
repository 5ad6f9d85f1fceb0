import { type CliCommand, examples } from './command.js'
import { addEngineOption, type EngineFlags, neededEngineUrl, withEngine } from './engine-options.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends EngineFlags, OutputOptions {}

export const cancelCommand: CliCommand = {
  name: 'cancel',
  summary: 'stop a run that workers have; it can be resumed',
  configure: (command, io, finish) => {
    addOutputOptions(addEngineOption(command.argument('<run>', 'its id'), 'the engine that has it'))
      .option('--json', 'one JSON document on stdout')
      .addHelpText('after', examples([['etl cancel 7f3a9c12', 'batches in work are finished, nothing more is begun']]))
      .action(async (run: string, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.performDocument(() =>
            withEngine(neededEngineUrl(flags, io), terminal, [], async engine => {
              const { lastTask } = await import('../index.js')
              await lastTask(engine, run)
              const tasks = await engine.cancel(run)
              if (flags.json === true) terminal.document({ runId: run, cancelled: tasks })
              else if (tasks === 0) terminal.out(`run ${run} has ended already\n`)
              else terminal.out(`run ${run} is cancelled; go on with it: etl resume ${run}\n`)
              return 0
            }),
          ),
        )
      })
  },
}
