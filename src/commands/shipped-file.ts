import { readFileSync } from 'node:fs'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

/** A command that prints a file of the package's `schemas` folder. */
export function shippedFileCommand(name: string, summary: string, file: string, example: string): CliCommand {
  return {
    name,
    summary,
    configure: (command, io, finish) => {
      addOutputOptions(command)
        .addHelpText('after', examples([[`etl ${name} > ${example}`, 'keep it beside your pipelines']]))
        .action(async (options: OutputOptions) => {
          const terminal = new Terminal(io, options)
          finish(
            await terminal.perform(async () => {
              terminal.out(readFileSync(new URL(`../../schemas/${file}`, import.meta.url), 'utf8'))
              return 0
            }),
          )
        })
    },
  }
}
