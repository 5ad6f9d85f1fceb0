import { Argument, type Command } from 'commander'
import { type CliCommand, examples } from './command.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const NOTES = `
Completes commands, options, their values, pipeline files and the names of entities. For good, in:
  bash  ~/.bashrc                  source <(etl completion bash)
  zsh   ~/.zshrc, after compinit   source <(etl completion zsh)
  fish  etl completion fish > ~/.config/fish/completions/etl.fish
`

export const completionCommand: CliCommand = {
  name: 'completion',
  summary: 'print a script that completes commands',
  configure: (command, io, finish) => {
    addOutputOptions(command)
      .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
      .addHelpText('after', NOTES + examples([['etl completion fish | source', 'in this shell of fish, now']]))
      .action(async (shell: Shell, options: OutputOptions) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.perform(async () => {
            io.stdout.write(await scriptOf(shell, command.parent ?? command))
            return 0
          }),
        )
      })
  },
}

async function scriptOf(shell: Shell, program: Command): Promise<string> {
  const { completedCommands } = await import('./completion-model.js')
  const commands = completedCommands(program)
  if (shell === 'fish') return (await import('./completion-fish.js')).fishCompletion(commands)
  return (await import('./completion-bash.js')).bashCompletion(commands, { zsh: shell === 'zsh' })
}
