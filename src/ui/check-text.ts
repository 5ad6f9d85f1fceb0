import { type CheckOutcome, isFatal } from '../checks/result.js'
import { checkRows } from './checks-text.js'
import { plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

export interface CheckItem {
  readonly where: string
  readonly what: string
  readonly ok: boolean
  readonly detail?: string
  readonly code?: string
  readonly hint?: string
}

/** What `etl check` found, one line a point; hints below the points they belong to. */
export function checkText(
  report: { readonly items: readonly CheckItem[]; readonly checks: readonly CheckOutcome[]; readonly ok: boolean },
  theme: Theme,
): string {
  const { symbols } = theme
  const columns = ['', 'WHERE', 'WHAT', 'RESULT'].map(title => ({ title, align: 'left' as const }))
  const rows = report.items.map(item => [
    item.ok ? symbols.done : symbols.failed,
    printable(item.where),
    printable(item.what),
    printable([item.code, item.detail ?? (item.ok ? 'ok' : 'failed')].filter(part => part !== undefined).join(' ')),
  ])
  const [head = '', ...body] = rows.length === 0 ? [] : table(columns, rows, ' ')
  const lines = body.flatMap((line, i) => {
    const item = report.items[i]
    const hint = item?.hint === undefined ? [] : [`   hint  ${printable(item.hint)}`]
    return [item?.ok === false ? paint(theme, 'bad', line) : line, ...hint]
  })
  const made = checkRows(report.checks, theme)
  const failed =
    report.items.filter(item => !item.ok).length + report.checks.filter(outcome => isFatal(outcome, false)).length
  const verdict = report.ok
    ? `${paint(theme, 'good', symbols.done)} ready to run`
    : `${paint(theme, 'bad', symbols.failed)} ${plural(failed, 'point')} failed`
  const parts = [rows.length === 0 ? [] : [head, ...lines], made, [` ${verdict}`]].filter(part => part.length > 0)
  return `${parts.map(part => part.join('\n')).join('\n\n')}\n`
}
