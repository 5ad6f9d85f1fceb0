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
              const { totalEta } = await import('../ui/eta.js')
              if (run === undefined) {
                const all = await statusOfAll(engine)
                if (flags.json === true) terminal.document(all)
                else terminal.out(statusesText(all, terminal.outTheme))
                return 0
              }
              const { StateStore } = await import('../ui/store.js')
              const store = new StateStore()
              const status = await runStatus(engine, run, store.onEvent)
              const msLeft = status.state === 'active' ? totalEta(store.state, Date.now()) : undefined
              const found = { ...status, ...(msLeft === undefined ? {} : { msLeft: Math.round(msLeft) }) }
              if (flags.json === true) terminal.document(found)
              else terminal.out(statusText(found, terminal.outTheme))
              return 0
            }),
          ),
        )
      })
  },
}
