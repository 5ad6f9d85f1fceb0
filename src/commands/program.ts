import { Command, CommanderError } from 'commander'
import { EtlError } from '../core/errors.js'
import { TOOL_VERSION } from '../core/version.js'
import type { CliCommand } from './command.js'
import { addHelpCommand } from './help.js'
import type { Io } from './io.js'
import { commandsFor } from './registry.js'
import { Terminal } from './terminal.js'

/** Runs the command line and gives its exit code. Never throws, never ends the process by itself. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode = 0
  const program = buildProgram(await commandsFor(argv[0]), io, code => {
    exitCode = code
  })
  try {
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    const terminal = new Terminal(io, { color: !argv.includes('--no-color'), verbose: argv.includes('--verbose') })
    if (!(error instanceof CommanderError)) return terminal.fail(error)
    // Help and version end by an exception too.
    return error.exitCode === 0 ? 0 : terminal.fail(usageError(error.message, helpFor(program, argv[0])))
  }
}

export function buildProgram(commands: readonly CliCommand[], io: Io, finish: (exitCode: number) => void): Command {
  const program = new Command('etl')
    .description('Moves data between databases as a YAML file says; resumable, row by row accounted for.')
    .version(TOOL_VERSION, '-V, --version', 'print the version')
    .helpCommand(false)
    // What stands behind a command's name is for it, also where that command has some of its own.
    .enablePositionalOptions()
    // Options and a path that may be left out are in the command's own help.
    .configureHelp({
      subcommandTerm: command =>
        [command.name(), ...command.registeredArguments.filter(a => a.required).map(a => a.name().toUpperCase())].join(
          ' ',
        ),
    })
    .exitOverride()
    .configureOutput({
      writeOut: text => io.stdout.write(text),
      writeErr: text => io.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns || 80,
      getErrHelpWidth: () => io.stderr.columns || 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      '\nBegin with `etl init`; `etl doctor` says what is missing.\nRun `etl help COMMAND` for its options and examples, `etl help exit-codes`.\n',
    )
  for (const { name, summary, configure } of commands) {
    configure(program.command(name).summary(summary).description(`${summary}.`), io, finish)
  }
  addHelpCommand(program, io, finish)
  return program
}

/** Where the command that was meant is explained. */
function helpFor(program: Command, name: string | undefined): string {
  const meant = program.commands.find(command => command.name() === name)
  if (meant === undefined) return 'run `etl --help` for the commands, `etl help COMMAND` for one'
  return `\`etl help ${meant.name()}\` shows its arguments, options and examples`
}

/** Commander's own words, in the form of every other error. */
function usageError(text: string, help: string): EtlError {
  const [what = '', ...rest] = text.trim().split('\n')
  const suggestion = rest.find(line => line.startsWith('(Did you mean'))
  const hint = suggestion?.slice(1, -1).replace('Did', 'did') ?? help
  return new EtlError('E520', what.replace(/^error: /, ''), { kind: 'usage', hint })
}
