import type { Value } from '../core/row.js'
import type { ColumnProfile, Inspection, Reference, TableProfile } from '../inspect/api.js'
import { formatBytes, formatCount, plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

/** What was found in a database: an overview, what will be trouble, and each table with its columns. */
export function inspectText(inspection: Inspection, theme: Theme): string {
  const { symbols } = theme
  const { tables } = inspection
  const rows = tables.reduce((sum, each) => sum + each.rows, 0)
  const bytes = tables.some(each => each.bytes !== undefined)
    ? `, ${formatBytes(tables.reduce((sum, each) => sum + (each.bytes ?? 0), 0))}`
    : ''
  const head = `${inspection.source}  ${plural(tables.length, 'table')}, ${plural(rows, 'row')}${bytes}`
  const found = findings(inspection, theme)
  return [
    ` ${paint(theme, 'strong', printable(head))}`,
    '',
    ...overview(tables, theme),
    '',
    ...(found.length === 0 ? [` ${paint(theme, 'good', symbols.done)} nothing that looks like trouble`] : found),
    ...inspection.notes.map(note => ` ${paint(theme, 'dim', symbols.dot)} ${printable(note)}`),
    ...tables.flatMap(each => ['', ...tableLines(each, theme)]),
    '',
  ].join('\n')
}

function overview(tables: readonly TableProfile[], theme: Theme): string[] {
  const columns = ['TABLE', 'ROWS', 'SIZE', 'COLUMNS', 'KEY'].map(title => ({
    title,
    align: title === 'TABLE' || title === 'KEY' ? ('left' as const) : ('right' as const),
  }))
  const rows = tables.map(each => [
    printable(each.name) + (each.kind === 'view' ? ' (view)' : ''),
    (each.sampled === undefined ? '' : theme.symbols.approx) + formatCount(each.rows),
    each.bytes === undefined ? theme.symbols.dot : formatBytes(each.bytes),
    formatCount(each.columns.length),
    each.primaryKey.length === 0 ? theme.symbols.dot : printable(each.primaryKey.join(', ')),
  ])
  return table(columns, rows, '   ')
}

function findings(inspection: Inspection, theme: Theme): string[] {
  const lines = [
    ...inspection.tables.flatMap(each => duplicateLines(each)),
    ...inspection.alike.map(({ tables: [a, b], shared, score }) => [
      `${a} and ${b} look alike (${Math.round(score * 100)} %): ${shared.join(', ')}`,
    ]),
    ...inspection.references.flatMap(referenceLines),
    ...inspection.tables.flatMap(dateLines),
  ]
  return lines.flatMap(([first = '', ...rest]) => [
    ` ${paint(theme, 'warn', theme.symbols.warning)} ${printable(first)}`,
    ...rest.map(line => `     ${printable(line)}`),
  ])
}

function duplicateLines({ name, duplicates, sampled }: TableProfile): string[][] {
  return duplicates.map(({ columns, ignoringCase, groups, rows, examples }) => [
    `${name}.${columns.join(' + ')}: ${plural(rows, 'row')} share ${plural(groups, 'value')}${
      ignoringCase ? ' (case aside)' : ''
    }${sampled === undefined ? '' : ' in the sample'}`,
    ...(examples.length === 0
      ? []
      : [examples.map(({ values, rows }) => `${values.map(shown).join(' + ')} × ${rows}`).join(', ')]),
  ])
}

function referenceLines({
  table: name,
  columns,
  to,
  toColumns,
  declared,
  orphans,
  examples,
  missing,
}: Reference): string[][] {
  const link = `${name}.${columns.join(', ')} → ${to}.${toColumns.join(', ')}${declared ? '' : ' (by its name)'}`
  const keys = examples.map(values => values.map(shown).join(', ')).join('; ')
  return [
    ...(orphans === 0
      ? []
      : [[`${link}: ${plural(orphans, 'row refers', 'rows refer')} to nothing that is there`, keys]]),
    ...(missing === 0 ? [] : [[`${link}: ${plural(missing, 'row')} without a reference`]]),
  ]
}

/** One way of writing dates is no trouble. */
function dateLines({ name, columns }: TableProfile): string[][] {
  return columns.flatMap(column => {
    const { dates } = column
    if (dates === undefined || (dates.formats.length === 1 && dates.others === 0)) return []
    return [[`${name}.${column.name}: dates are written in different ways`, datesText(dates)]]
  })
}

function datesText({ formats, others }: NonNullable<ColumnProfile['dates']>): string {
  const parts = formats.map(({ format, rows }) => `${format} × ${formatCount(rows)}`)
  return [...parts, ...(others > 0 ? [`no date × ${formatCount(others)}`] : [])].join(', ')
}

function tableLines(profile: TableProfile, theme: Theme): string[] {
  const { rows, sampled, uniques } = profile
  const looked = sampled === undefined ? '' : `, the first ${formatCount(sampled)} looked at`
  const head = `${paint(theme, 'strong', printable(profile.name))}  ${plural(rows, 'row')}${looked}`
  const columns = ['COLUMN', 'TYPE', 'NULLS', 'DIFFERENT', 'VALUES'].map(title => ({
    title,
    align: title === 'NULLS' || title === 'DIFFERENT' ? ('right' as const) : ('left' as const),
  }))
  const of = sampled === undefined ? rows : Math.min(rows, sampled)
  const cells = profile.columns.map(column => [
    printable(column.name),
    printable(column.type) + (column.nullable ? '' : ' not null'),
    column.nulls === 0 ? theme.symbols.dot : share(column.nulls, of),
    column.distinct === undefined ? theme.symbols.dot : formatCount(column.distinct),
    printable(valuesText(column)),
  ])
  const keys = uniques.length === 0 ? [] : [`   unique: ${printable(uniques.map(key => key.join(', ')).join('; '))}`]
  return [` ${head}`, ...table(columns, cells, '   '), ...keys]
}

function valuesText({ values, min, max, dates }: ColumnProfile): string {
  const parts: string[] = []
  if (values !== undefined)
    parts.push(values.map(({ value, rows }) => `${shown(value)} × ${formatCount(rows)}`).join(', '))
  else if (min !== undefined && max !== undefined)
    parts.push(min === max ? shown(min) : `${shown(min)} … ${shown(max)}`)
  if (dates !== undefined) parts.push(`dates ${datesText(dates)}`)
  return parts.join('; ')
}

function share(part: number, of: number): string {
  const percent = (part / Math.max(1, of)) * 100
  return percent < 0.1 ? '<0.1 %' : `${percent < 10 && percent % 1 !== 0 ? percent.toFixed(1) : Math.round(percent)} %`
}

const LONGEST = 32

function shown(value: Value): string {
  const text = Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value)
  const cut = [...text].length > LONGEST ? `${[...text].slice(0, LONGEST).join('')}…` : text
  return typeof value === 'string' && (cut === '' || cut.trim() !== cut) ? JSON.stringify(cut) : cut
}
