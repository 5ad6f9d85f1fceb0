import type { EntityResult, RunResult } from '../run/api.js'
import { fitText, formatCount, plural, printable } from './format.js'
import { table } from './table.js'
import type { Theme } from './theme.js'
import { paint } from './theme.js'

const COLUMN = 30

/** What a dry run found: per entity its first row before and after, and its first rejected rows. */
export function previewText(result: RunResult, theme: Theme): string {
  const title = `${paint(theme, 'strong', 'DRY RUN')}  every row read, transformed and checked; nothing written`
  const blocks = result.entities
    .filter(entity => entity.preview !== undefined)
    .map(entity => entityLines(entity, theme))
  return ` ${title}\n\n${blocks.map(lines => lines.map(line => ` ${line}`.trimEnd()).join('\n')).join('\n\n')}\n`
}

function entityLines(entity: EntityResult, theme: Theme): string[] {
  const { counts, preview } = entity
  if (preview === undefined) return []
  const { ellipsis, dot } = theme.symbols
  const arrow = theme.symbols.arrow === '-->' ? '->' : '→'
  const parts = [`${formatCount(counts.read)} read`, `${formatCount(counts.written)} ok`]
  if (counts.skipped > 0) parts.push(`${formatCount(counts.skipped)} skipped`)
  if (counts.filtered > 0) parts.push(`${formatCount(counts.filtered)} filtered`)
  if (counts.quarantined > 0) parts.push(`${formatCount(counts.quarantined)} rejected`)
  const head = `${printable(entity.name)}   ${printable(preview.from)} ${arrow} ${printable(preview.to)}   ${parts.join(` ${dot} `)}`
  const value = (text: string): string => fitText(printable(text), COLUMN, ellipsis).trimEnd()
  const lines = [paint(theme, 'strong', head)]
  if (preview.fields.length > 0) {
    const columns = ['row 1', 'BEFORE', 'AFTER'].map(name => ({ title: name, align: 'left' as const }))
    const rows = preview.fields.map(field => [printable(field.target), value(field.before), value(field.after)])
    lines.push('', ...table(columns, rows, '  '))
  }
  if (preview.rejected.length > 0) {
    const columns = ['rejected', '', '', ''].map(name => ({ title: name, align: 'left' as const }))
    const rows = preview.rejected.map(reject => [
      `row ${formatCount(reject.row)}`,
      printable(reject.field ?? ''),
      value(reject.value),
      `${reject.code} ${printable(reject.message)}`,
    ])
    lines.push('', ...table(columns, rows, '  '))
    const more = counts.quarantined - preview.rejected.length
    if (more > 0) lines.push(`  and ${plural(more, 'more row')} rejected`)
  }
  return lines
}
