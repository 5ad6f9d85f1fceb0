import { type CliCommand, examples } from './command.js'
import { type FollowFlags, followed } from './elsewhere.js'
import { addEngineOption, type EngineFlags, neededEngineUrl, withEngine } from './engine-options.js'
import { addOutputOptions } from './options.js'
import { addFollowOptions } from './run-options.js'
import { Terminal } from './terminal.js'

interface Flags extends EngineFlags, FollowFlags {}

export const resumeCommand: CliCommand = {
  name: 'resume',
  summary: 'have workers go on with a run that was cancelled or failed',
  configure: (command, io, finish) => {
    addOutputOptions(addFollowOptions(addEngineOption(command.argument('<run>', 'its id'), 'the engine that had it')))
      .addHelpText(
        'after',
        examples([
          ['etl resume 7f3a9c12', 'only what is not done yet'],
          ['etl resume 7f3a9c12 --detach', 'and do not wait for it'],
        ]),
      )
      .action(async (run: string, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        const { withResult, tellJob } = await import('./execute-run.js')
        finish(
          await withResult(flags, terminal, async () => {
            const result = await withEngine(neededEngineUrl(flags, io), terminal, [], async engine => {
              const { resumeRun } = await import('../index.js')
              return followed(await resumeRun(engine, run), flags, terminal)
            })
            return tellJob(result, undefined, flags, terminal)
          }),
        )
      })
  },
}
