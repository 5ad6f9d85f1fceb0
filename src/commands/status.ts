import { type CliCommand, examples } from './command.js'
import { addEngineOption, type EngineFlags, neededEngineUrl, withEngine } from './engine-options.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends EngineFlags, OutputOptions {}

export const statusCommand: CliCommand = {
  name: 'status',
  summary: 'how far the runs are that workers have',
  configure: (command, io, finish) => {
    addOutputOptions(addEngineOption(command.argument('[run]', 'its id (default: all)'), 'the engine that has them'))
      .option('--json', 'one JSON document on stdout')
      .addHelpText(
        'after',
        examples([
          ['etl status', 'all runs of the last 14 days'],
          ['etl status 7f3a9c12', 'one, entity by entity'],
        ]),
      )
      .action(async (run: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.performDocument(() =>
            withEngine(neededEngineUrl(flags, io), terminal, [], async engine => {
              const { runStatus, statusOfAll } = await import('../index.js')
              const { statusText, statusesText } = await import('../ui/engine-text.js')
              const found = run === undefined ? await statusOfAll(engine) : await runStatus(engine, run)
              if (flags.json === true) terminal.document(found)
              else if ('entities' in found) terminal.out(statusText(found, terminal.outTheme))
              else terminal.out(statusesText(found, terminal.outTheme))
              return 0
            }),
          ),
        )
      })
  },
}
