import { createInterface } from 'node:readline/promises'
import { EtlError } from '../core/errors.js'
import { printable } from '../ui/format.js'
import type { Terminal } from './terminal.js'

interface Question {
  readonly terminal: Terminal
  /** What would be done, in full; shown before the question. */
  readonly text: string
  readonly question: string
  readonly where: string
  /** What is said instead where nobody can be asked. */
  readonly unasked: string
  readonly hint: string
  readonly refused: string
}

/** Goes on only where a person types `answer` in full. Throws E514 where nobody can be asked, or something else is typed. */
export async function typed(answer: string, asked: Question): Promise<void> {
  const { terminal, text, question, where, unasked, hint, refused } = asked
  const { io } = terminal
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new EtlError('E514', unasked, { kind: 'usage', where, hint })
  }
  terminal.err(text)
  const prompt = createInterface({ input: io.stdin, output: io.stderr })
  try {
    const given = await prompt.question(printable(question))
    if (given.trim() === answer) return
  } finally {
    prompt.close()
  }
  throw new EtlError('E514', refused, { where })
}
