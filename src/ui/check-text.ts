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
  report: { readonly items: readonly CheckItem[]; readonly ok: boolean },
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
  const [head = '', ...body] = table(columns, rows, ' ')
  const lines = body.flatMap((line, i) => {
    const item = report.items[i]
    const hint = item?.hint === undefined ? [] : [`   hint  ${printable(item.hint)}`]
    return [item?.ok === false ? paint(theme, 'bad', line) : line, ...hint]
  })
  const failed = report.items.filter(item => !item.ok).length
  const verdict = report.ok
    ? `${paint(theme, 'good', symbols.done)} ready to run`
    : `${paint(theme, 'bad', symbols.failed)} ${plural(failed, 'point')} failed`
  return `${[head, ...lines, '', ` ${verdict}`].join('\n')}\n`
}
