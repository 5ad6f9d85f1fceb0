import type { RehearsalReport, SizeReport } from '../rehearsal/api.js'
import { formatCount, formatDuration, plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

const NUMBERS = new Set(['SAMPLE', 'COPIED', 'READ', 'WRITTEN', 'ASIDE'])
const TITLES = ['', 'SAMPLE', 'COPIED', 'READ', 'WRITTEN', 'ASIDE', 'CHECKS', 'VERIFIED', 'UNDO', 'TIME']

/** One line for each sample, what went wrong and what the samples are not below it, the verdict last. */
export function rehearsalText(report: RehearsalReport, theme: Theme): string {
  const columns = TITLES.map(title => ({ title, align: NUMBERS.has(title) ? ('right' as const) : ('left' as const) }))
  const problems = report.sizes.flatMap(size => problemsOf(size, theme))
  const notes = [...new Set(report.sizes.flatMap(size => size.notes))]
  const kept = report.sizes.flatMap(({ size, scratch }) =>
    scratch.kept ? [`   ${theme.symbols.dot} sample ${size} is kept: ${scratch.label}`] : [],
  )
  const lines = [
    ` ${paint(theme, 'strong', printable(report.pipeline))}  rehearsed on samples, seed ${report.seed}`,
    '',
    ...table(
      columns,
      report.sizes.map(size => rowOf(size, theme)),
      ' ',
    ),
    ...(problems.length === 0 ? [] : ['', ...problems]),
    ...(notes.length === 0 && kept.length === 0
      ? []
      : ['', ...notes.map(note => `   ${theme.symbols.dot} ${printable(note)}`), ...kept]),
    '',
    ` ${verdictOf(report, theme)}`,
  ]
  return `${lines.join('\n')}\n`
}

function rowOf(report: SizeReport, theme: Theme): string[] {
  const { size, scratch, counts, checks, verification, undo, ms } = report
  return [
    mark(report, theme),
    ...[size, scratch.rows, counts.read, counts.written, counts.quarantined].map(formatCount),
    checks.broken.length === 0
      ? `${checks.held} hold`
      : `${checks.broken.length} of ${checks.held + checks.broken.length} broken`,
    verification?.state ?? 'no',
    undo.state === 'as-before' ? 'as before' : undo.state === 'different' ? 'different' : 'no',
    formatDuration(ms),
  ]
}

function mark({ exitCode }: SizeReport, { symbols }: Theme): string {
  return exitCode === 0 ? symbols.done : exitCode === 3 ? symbols.warning : symbols.failed
}

function problemsOf({ size, error, checks, verification, undo }: SizeReport, theme: Theme): string[] {
  const lines = [
    ...(error === undefined ? [] : [`${error.code} ${error.message}`]),
    ...checks.broken.map(
      ({ name, severity, count }) => `${severity}: ${name}${count === undefined ? '' : `, ${count}`}`,
    ),
    ...(verification === undefined || verification.wrong.length === 0
      ? []
      : [`mismatch in ${verification.wrong.join(', ')}`]),
    ...(undo.state === 'different' ? [`after the undo other rows in ${undo.tables.join(', ')}`] : []),
    ...(undo.state === 'not-undone' ? [`not taken back: ${undo.why}`] : []),
  ]
  return lines.map(line => `   ${theme.symbols.warning} sample ${size}  ${printable(line)}`)
}

function verdictOf({ sizes, exitCode, ms }: RehearsalReport, theme: Theme): string {
  const samples = plural(sizes.length, 'sample')
  const time = formatDuration(ms)
  if (exitCode === 0) return `${paint(theme, 'good', theme.symbols.done)} ${samples} as it should be   ${time}`
  if (exitCode === 3)
    return `${paint(theme, 'warn', theme.symbols.warning)} ${samples} as it should be, with rows put aside   ${time}`
  const wrong = sizes.filter(size => size.exitCode !== 0 && size.exitCode !== 3).length
  return `${paint(theme, 'bad', theme.symbols.failed)} ${wrong} of ${samples} not as it should be   ${time}`
}
