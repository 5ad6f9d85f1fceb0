import { type CliCommand, examples } from './command.js'
import { addEngineOption, type EngineFlags, hideEngine, neededEngineUrl, withEngine } from './engine-options.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends EngineFlags, OutputOptions {
  readonly advertise?: string
}

export const engineCommand: CliCommand = {
  name: 'engine',
  summary: 'set up, and look at, what hands the work to workers',
  configure: (command, io, finish) => {
    command.addHelpText(
      'after',
      examples([
        ['etl engine init --engine postgres://etl@pg/etl', 'once, and after an update of etl'],
        ['etl engine check', 'is it there, what waits, what failed'],
        ['etl engine init --engine restate://restate --advertise http://etl-workers:9080', 'workers have moved there'],
      ]),
    )
    const init = command.command('init').description('create its tables, or bring them to this version')
    addOutputOptions(addEngineOption(init, 'the engine'))
      .option('--advertise <url>', 'where a Restate reaches the workers from now on')
      .action(async (flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.perform(async () => {
            const url = neededEngineUrl(flags, io)
            await hideEngine(url, terminal)
            const { initEngine } = await import('../index.js')
            await initEngine(url, flags.advertise)
            terminal.out(`${terminal.outTheme.symbols.done} the engine is set up\n`)
            return 0
          }),
        )
      })
    const check = command.command('check').description('is it there, what waits, what failed')
    addOutputOptions(addEngineOption(check, 'the engine'))
      .option('--json', 'one JSON document on stdout')
      .action(async (flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(
          await terminal.performDocument(() =>
            withEngine(neededEngineUrl(flags, io), terminal, [], async engine => {
              const facts = await engine.facts()
              if (flags.json === true) terminal.document(facts)
              else {
                const { engineText } = await import('../ui/engine-text.js')
                terminal.out(engineText(facts, terminal.outTheme))
              }
              return 0
            }),
          ),
        )
      })
  },
}
