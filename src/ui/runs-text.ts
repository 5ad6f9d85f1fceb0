import type { History, PastRun } from '../history/list-runs.js'
import { formatCount, formatDuration, plural, printable } from './format.js'
import { table } from './table.js'
import type { Theme } from './theme.js'

/** In fewer columns a run has a second line, for its verdict. */
const WIDE = 120

/** The history of a pipeline, newest run first, and how to see more of one. */
export function runsText(
  { pipeline, runs }: History,
  options: { readonly theme: Theme; readonly file: string; readonly width: number },
): string {
  const { symbols } = options.theme
  if (runs.length === 0) return ` ${symbols.dot} ${printable(pipeline)} has had no run\n`
  const isWide = options.width >= WIDE
  const rejected = isWide ? 'QUARANTINED' : 'QUAR.'
  const titles = ['RUN', 'BEGAN (UTC)', 'TIME', 'STATE', 'READ', 'WRITTEN', rejected, ...(isWide ? ['VERDICT'] : [])]
  const numeric = new Set(['TIME', 'READ', 'WRITTEN', rejected])
  const rows = runs.map(run => [
    run.runId,
    run.startedAt.slice(...(isWide ? [0, 19] : [5, 16])).replace('T', ' '),
    run.ms === undefined ? symbols.dot : formatDuration(run.ms),
    run.state,
    formatCount(run.read),
    formatCount(run.written),
    formatCount(run.quarantined),
    ...(isWide ? [verdictOf(run)] : []),
  ])
  const columns = titles.map(title => ({ title, align: numeric.has(title) ? ('right' as const) : ('left' as const) }))
  const report = runs.find(({ runDir }) => runDir !== undefined)
  const [head = '', ...body] = table(columns, rows, '   ')
  const below = (run: PastRun | undefined): string[] => {
    const verdict = run === undefined || isWide ? '' : verdictOf(run)
    return verdict === '' ? [] : [`     ${verdict}`]
  }
  const lines = [
    ` ${symbols.dot} ${pipeline}  ${plural(runs.length, 'run')}`,
    '',
    head,
    ...body.flatMap((line, i) => [line, ...below(runs[i])]),
    ...(report === undefined ? [] : ['', `   next   etl report ${report.runId} ${options.file}`]),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function verdictOf({ state, status, error, verification, retryOf, quarantined }: PastRun): string {
  const parts = [
    ...(retryOf === undefined ? [] : [`retry of ${retryOf}`]),
    ...(state === 'undone' ? ['taken back'] : []),
    ...(verification === undefined ? [] : [verification]),
    // Of an earlier attempt, where the run has gone on since.
    ...(error === undefined || state === 'completed' ? [] : [error.code]),
    ...(verification === undefined && status === 'ok' ? ['ok'] : []),
    ...(quarantined > 0 ? ['rows in quarantine'] : []),
  ]
  return parts.join(', ')
}
