import { createInterface } from 'node:readline/promises'
import { EtlError } from '../core/errors.js'
import { printable } from '../ui/format.js'
import type { Terminal } from './terminal.js'

interface Question {
  readonly terminal: Terminal
  /** What would be done, in full; shown before the question. */
  readonly text: string
  readonly question: string
  /** Does this answer mean yes? Blanks around it are gone. */
  readonly yes: (answer: string) => boolean
  readonly where: string
  /** What is said instead where nobody can be asked. */
  readonly unasked: string
  readonly hint: string
  readonly refused: string
}

/** Goes on only where a person says yes. Throws E514 where nobody can be asked, or the answer is another one. */
export async function ask({ terminal, text, question, yes, where, unasked, hint, refused }: Question): Promise<void> {
  const { io } = terminal
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new EtlError('E514', unasked, { kind: 'usage', where, hint })
  }
  terminal.err(text)
  const prompt = createInterface({ input: io.stdin, output: io.stderr })
  try {
    if (yes((await prompt.question(printable(question))).trim())) return
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error
    // The prompt leaves its line unended.
    terminal.err('\n')
    // With the end of input nobody has said yes.
    if (error.message.endsWith('Ctrl+C'))
      throw new EtlError('E515', refused, { kind: 'interrupted', where, cause: 'SIGINT' })
  } finally {
    prompt.close()
  }
  throw new EtlError('E514', refused, { where })
}
