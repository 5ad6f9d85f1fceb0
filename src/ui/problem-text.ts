import { plural } from './format.js'
import type { Problem } from './run-state.js'
import type { Symbols, Tone } from './theme.js'

export type ProblemLine = Omit<Problem, 'at'>

/** A problem in one line, the same words on the screen and in plain lines. */
export function problemText(problem: ProblemLine, nameWidth = 0): string {
  const code = problem.code === undefined ? '' : `${problem.code} `
  const what =
    problem.kind === 'rejected'
      ? `${plural(problem.rows, 'row')} rejected: ${code}${problem.text}`
      : code + problem.text
  // What is retried before, between and after the entities belongs to none.
  const isOfNone = problem.entity === undefined || problem.entity === '$pipeline'
  return isOfNone ? what : `${problem.entity.padEnd(nameWidth)}  ${what}`
}

export function problemMark(
  problem: Pick<Problem, 'kind'>,
  symbols: Symbols,
): { readonly mark: string; readonly tone: Tone } {
  switch (problem.kind) {
    case 'rejected':
    case 'failed':
      return { mark: symbols.failed, tone: 'bad' }
    case 'retry':
      return { mark: symbols.retry, tone: 'warn' }
    case 'warning':
      return { mark: symbols.warning, tone: 'warn' }
    case 'working':
      return { mark: symbols.running, tone: 'active' }
    case 'info':
      return { mark: symbols.dot, tone: 'dim' }
  }
}
