import type { QuarantineCause, QuarantineReport } from '../run/quarantine-list.js'
import { plural, printable } from './format.js'
import { paint, type Theme } from './theme.js'

export interface ExplainedCause extends QuarantineCause {
  /** YAML to paste, or a sentence after `#`. */
  readonly fix: string
}

/** Rejected rows by cause, each with some keys and what could be done, and the command that tries them again. */
export function quarantineText(
  report: QuarantineReport,
  causes: readonly ExplainedCause[],
  options: { readonly theme: Theme; readonly file: string },
): string {
  const { theme } = options
  const { symbols } = theme
  if (report.runId === undefined)
    return ` ${symbols.dot} ${report.pipeline} has no run to look at: none was made, or each was taken back\n`
  const run = `run ${report.runId}`
  if (report.rows === 0) {
    return ` ${paint(theme, 'good', symbols.done)} ${printable(report.pipeline)}  no rejected rows   ${run}\n`
  }
  const head = `${printable(report.pipeline)}  ${plural(report.rows, 'row')} rejected   ${run}`
  const blocks = causes.flatMap(cause => ['', ...causeLines(cause, theme)])
  const command = report.retryable ? `quarantine retry ${options.file} ${report.runId}` : `run ${options.file}`
  const all = report.retryable ? '' : ', which loads everything again'
  const next = ['', `   next   etl ${command}   once the cause is removed${all}`]
  return `${[` ${paint(theme, 'warn', symbols.warning)} ${head}`, ...blocks, ...next].join('\n')}\n`
}

function causeLines(cause: ExplainedCause, theme: Theme): string[] {
  const where = cause.field === undefined ? cause.entity : `${cause.entity}.${cause.field}`
  const more = cause.rows > cause.keys.length && cause.keys.length > 0 ? `, ${theme.symbols.ellipsis}` : ''
  const lines: (readonly [string, string])[] = [['why', `${cause.message} (${cause.stage})`]]
  if (cause.keys.length > 0) lines.push(['keys', cause.keys.join(', ') + more])
  const [first = '', ...rest] = cause.fix.split('\n')
  lines.push(['fix', first], ...rest.map(line => ['', line] as const))
  return [
    `   ${paint(theme, 'strong', `${cause.code} ${printable(where)}`)}   ${plural(cause.rows, 'row')}`,
    ...lines.map(([label, text]) => `     ${label.padEnd(5)} ${printable(text)}`),
  ]
}
