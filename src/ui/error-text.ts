import { CODES } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import { framesOf, unforeseen } from '../core/unforeseen.js'
import { printable } from './format.js'
import type { Theme } from './theme.js'
import { paint } from './theme.js'

export interface ErrorTextOptions {
  readonly theme: Theme
  readonly verbose: boolean
  readonly version: string
}

/** An error as a person reads it: code, where, what, what next. A stack only where it was asked for. */
export function errorText(error: unknown, options: ErrorTextOptions): string {
  return error instanceof EtlError ? known(error, options) : unknownError(error, options)
}

function known(error: EtlError, { theme, verbose }: ErrorTextOptions): string {
  const native = error.native === undefined ? '' : ` (${error.native})`
  const lines = [
    ...(error.where === undefined ? [] : [['where', error.where]]),
    ['what', `${error.message}${native}`],
    ...(error.hint === undefined ? [] : [['hint', error.hint]]),
  ]
  return render(theme, `${error.code} ${error.title}`, lines, verbose ? error : undefined)
}

function unknownError(error: unknown, { theme, verbose, version }: ErrorTextOptions): string {
  const again = verbose ? 'please report it with' : 'please run again with --verbose and report it with'
  const lines = [
    ['what', unforeseen(error)],
    [
      'hint',
      `this is a bug in etl, not in your pipeline; ${again} this output (etl ${version}, Node ${process.version})`,
    ],
  ]
  return render(theme, `E901 ${CODES.E901}`, lines, verbose ? error : undefined)
}

function render(theme: Theme, title: string, lines: readonly (readonly string[])[], stackOf: unknown): string {
  const head = `${paint(theme, 'bad', theme.symbols.failed)} ${paint(theme, 'strong', title)}`
  const body = lines.map(([label, text]) => `  ${(label ?? '').padEnd(5)}  ${indented(text ?? '')}`)
  return `${[head, ...body, ...stacks(stackOf)].join('\n')}\n`
}

function indented(text: string): string {
  return text.split('\n').map(printable).join('\n         ')
}

/** Where the error and what caused it were made. */
function stacks(error: unknown): string[] {
  const lines: string[] = []
  for (let e = error; e instanceof Error && lines.length < 5; e = e.cause) {
    const words = e instanceof EtlError ? `${e.code}: ${e.message}` : unforeseen(e)
    lines.push([`${lines.length === 0 ? '' : 'caused by '}${words}`, ...framesOf(e)].join('\n'))
  }
  return lines
}
