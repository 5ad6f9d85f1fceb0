import type { Command } from 'commander'
import type { Io } from './io.js'

/** A command of the line: one file and one line in the registry. */
export interface CliCommand {
  readonly name: string
  readonly summary: string
  /** Adds arguments, options, examples and the action. The action reports its exit code by `finish`. */
  readonly configure: (command: Command, io: Io, finish: (exitCode: number) => void) => void
}

/** Examples below a command's help. */
export function examples(lines: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length))
  return `\nExamples:\n${lines.map(([command, meaning]) => `  $ ${command.padEnd(width)}  ${meaning}`).join('\n')}\n`
}
