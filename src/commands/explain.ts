import { CODES, type ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import type { CliCommand } from './command.js'
import { examples } from './command.js'
import type { OutputOptions } from './io.js'
import { addOutputOptions } from './options.js'
import { Terminal } from './terminal.js'

interface Flags extends OutputOptions {
  readonly json?: boolean
}

export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'say what an error code means and how to mend it',
  configure: (command, io, finish) => {
    addOutputOptions(command)
      .argument('[code]', 'for example E103; without one all codes are listed')
      .option('--json', 'one JSON document on stdout')
      .option('--ascii', 'no characters beyond ASCII in marks')
      .addHelpText(
        'after',
        examples([
          ['etl explain', 'all codes, by group'],
          ['etl explain E103', 'what E103 means, and what to do'],
        ]),
      )
      .action(async (code: string | undefined, flags: Flags) => {
        const terminal = new Terminal(io, flags)
        finish(await terminal.performDocument(() => explain(code, flags, terminal)))
      })
  },
}

async function explain(given: string | undefined, flags: Flags, terminal: Terminal): Promise<number> {
  const { codeGroups, EXPLANATIONS } = await import('../explain/explanations.js')
  const { exampleText } = await import('../explain/example-text.js')
  const { codesText, explanationText } = await import('../ui/explain-text.js')
  const look = { theme: terminal.outTheme, width: terminal.io.stdout.columns || 80 }
  const documentOf = (code: ErrorCode): object => {
    const { means, why, example, mend } = EXPLANATIONS[code]
    return { code, title: CODES[code], means, why, example: exampleText(code, example), mend }
  }
  if (given === undefined) {
    const groups = codeGroups()
    if (flags.json === true) terminal.document(groups.map(group => ({ ...group, codes: group.codes.map(documentOf) })))
    else terminal.out(codesText(groups, look))
    return 0
  }
  const code = codeOf(given)
  if (flags.json === true) terminal.document(documentOf(code))
  else terminal.out(explanationText(code, EXPLANATIONS[code], look))
  return 0
}

/** The code as it is written, or nearly so: `e402`, `402`. */
function codeOf(given: string): ErrorCode {
  const wanted = `E${given.replace(/^e/i, '')}`
  if (Object.hasOwn(CODES, wanted)) return wanted as ErrorCode
  throw new EtlError('E520', `there is no error code '${given}'`, {
    kind: 'usage',
    hint: 'run `etl explain` for the list',
  })
}
