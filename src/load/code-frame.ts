import { CODES } from '../core/codes.js'
import type { Diagnostic } from '../core/diagnostics.js'
import type { PipelineError } from '../core/errors.js'
import { maskSecrets } from './secrets.js'

export interface FrameOptions {
  readonly color?: boolean
}

type Paint = (style: keyof typeof STYLES, text: string) => string

const STYLES = { bold: 1, dim: 2, red: 31, yellow: 33, cyan: 36 } as const
const LINES_BEFORE = 2
const LINES_AFTER = 1
const MAX_WIDTH = 110

/** All problems of a file with their code frames, and how many there are. Literal passwords and URLs are shown as dots. */
export function formatDiagnostics(error: PipelineError, options: FrameOptions = {}): string {
  const count = error.diagnostics.length
  const frames = error.diagnostics.map(diagnostic => formatDiagnostic(error.file, error.text, diagnostic, options))
  return `${frames.join('\n')}\n ${count} ${count === 1 ? 'problem' : 'problems'}\n`
}

/** One problem with its code frame, ending with a newline. */
export function formatDiagnostic(
  file: string,
  text: string | undefined,
  diagnostic: Diagnostic,
  options: FrameOptions = {},
): string {
  const paint: Paint = (style, part) => (options.color ? `\u001b[${STYLES[style]}m${part}\u001b[0m` : part)
  const { code, position, hint, severity } = diagnostic
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`
  const strong = severity === 'error' ? 'red' : 'yellow'
  const kind = severity === 'error' ? '' : 'warning: '
  const title = ` ${paint('bold', printable(place))}  ${paint(strong, code)} ${kind}${CODES[code]}`
  const body =
    text === undefined || position === undefined
      ? [`   ${printable(diagnostic.message)}`]
      : frame(text, diagnostic, paint, strong)
  const next = hint === undefined ? `\`etl explain ${code}\` says more` : lowerFirst(hint)
  const tail = ['', `   ${paint('cyan', 'hint')}  ${printable(next)}`]
  return [title, '', ...body, ...tail, ''].join('\n')
}

function frame(text: string, diagnostic: Diagnostic, paint: Paint, strong: 'red' | 'yellow'): string[] {
  const { line, column, length } = diagnostic.position ?? { line: 1, column: 1, length: 1 }
  const lines = maskSecrets(text).split('\n')
  if (lines.at(-1) === '' && line < lines.length) lines.pop()
  const first = Math.max(1, line - LINES_BEFORE)
  const last = Math.min(lines.length, line + LINES_AFTER)
  const digits = String(last).length
  // A long line is shown from somewhat before the place.
  const cut = column + length > MAX_WIDTH ? Math.max(0, column - 40) : 0
  const bar = paint('dim', '│')
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap(number => {
    const source = (lines[number - 1] ?? '').replace(/\r$/, '').slice(cut)
    const shown = printable(source.slice(0, MAX_WIDTH))
    const here = number === line
    const mark = here ? paint(strong, '▶') : ' '
    const row = ` ${mark} ${paint('dim', String(number).padStart(digits))} ${bar} ${shown}`.trimEnd()
    if (!here) return [row]
    const before = printable(source.slice(0, column - 1 - cut))
    const marked = printable(source.slice(column - 1 - cut, column - 1 - cut + length).slice(0, MAX_WIDTH))
    const underline = paint(strong, '━'.repeat(Math.max(1, width(marked))))
    const gap = ' '.repeat(width(before))
    return [row, `   ${' '.repeat(digits)} ${bar} ${gap}${underline} ${printable(diagnostic.message)}`]
  })
}

const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu

/** Tabs as two spaces; nothing that moves the cursor or turns the text around. */
function printable(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll('\n', ' ').replace(UNSAFE, '�')
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Columns that the text takes in a terminal. */
function width(text: string): number {
  let columns = 0
  for (const char of text) columns += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return columns
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
