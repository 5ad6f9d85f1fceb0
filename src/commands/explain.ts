import { CODES, type ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

const FAMILIES: Readonly<Record<string, string>> = {
  E0: 'The pipeline file could not be read. Nothing was connected to.',
  E1: 'The shape of the pipeline file is wrong: see `etl reference`. Nothing was connected to.',
  E2: 'What the pipeline file says does not fit together, or does not fit the databases. Nothing was written.',
  E3: 'A database could not be reached, or refused something: `etl check` tests connections and rights.',
  E4: 'One row could not go on. `on_error` and `on_invalid` decide what that means; quarantined rows are kept in the run folder.',
  E5: 'The run as a whole: `etl run --resume` goes on with an unfinished one.',
  E9: 'A bug in etl. Please report it with the output of --verbose.',
}

export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'say what an error code means',
  configure: (command, io, finish) => {
    addOutputOptions(command)
      .argument('[code]', 'for example E103; without one all codes are listed')
      .addHelpText('after', examples([['etl explain E103', 'what E103 means']]))
      .action(async (code: string | undefined, options: OutputOptions) => {
        const terminal = new Terminal(io, options)
        finish(
          await terminal.perform(async () => {
            terminal.out(explain(code))
            return 0
          }),
        )
      })
  },
}

function explain(given: string | undefined): string {
  const codes = Object.keys(CODES) as ErrorCode[]
  if (given === undefined) return `${codes.map(code => `${code}  ${CODES[code]}`).join('\n')}\n`
  const code = codes.find(c => c === given.toUpperCase())
  if (code === undefined) {
    throw new EtlError('E520', `there is no error code '${given}'`, {
      kind: 'usage',
      hint: 'run `etl explain` for the list',
    })
  }
  return `${code}  ${CODES[code]}\n\n  ${FAMILIES[code.slice(0, 2)] ?? ''}\n`
}
