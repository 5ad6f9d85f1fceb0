import type { Command } from 'commander'
import { EtlError } from '../core/errors.js'
import { closest } from '../transforms/suggest.js'
import type { Io } from './io.js'
import { Terminal } from './terminal.js'

const TOPICS: Readonly<Record<string, string>> = {
  'exit-codes': `Exit codes of every command:

  0    everything went well
  1    the run failed
  2    wrong usage, or the pipeline file is not valid; nothing was touched
  3    finished, but rows are in quarantine
  4    verification found a difference
  5    a database could not be reached, or refused the login or a right
  130  interrupted (ctrl-c, q); go on with \`etl run --resume\`
  143  terminated (SIGTERM); go on with \`etl run --resume\`
`,
}

/** \`etl help [command or topic]\`. */
export function addHelpCommand(program: Command, io: Io, finish: (exitCode: number) => void): void {
  program
    .command('help')
    .summary('help for a command, or for: exit-codes')
    .description('Shows the help of a command, or of a topic: exit-codes.')
    .argument('[topic...]', 'a command, or exit-codes')
    .action(async (topic: readonly string[]) => {
      const terminal = new Terminal(io, {})
      finish(await terminal.perform(async () => showHelp(topic, program, terminal)))
    })
}

async function showHelp(topic: readonly string[], program: Command, terminal: Terminal): Promise<number> {
  const command = topic.reduce<Command | undefined>((at, name) => at?.commands.find(c => c.name() === name), program)
  if (command !== undefined) {
    command.outputHelp()
    return 0
  }
  const asked = topic.join(' ')
  const text = TOPICS[asked]
  if (text === undefined) {
    const names = [...program.commands, ...program.commands.flatMap(c => c.commands)].map(pathOf)
    const near = closest(asked, [...names, ...Object.keys(TOPICS)])
    throw new EtlError('E520', `there is no help for '${asked}'`, {
      kind: 'usage',
      hint: near === undefined ? 'run `etl --help` for the list of commands' : `did you mean ${near}?`,
    })
  }
  terminal.out(text)
  return 0
}

/** `quarantine retry`, without the program's own name. */
function pathOf(command: Command): string {
  const { parent } = command
  return parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`
}
