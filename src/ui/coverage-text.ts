import type { Amount, Coverage, EntityCoverage, Finding } from '../coverage/coverage.js'
import type { Compared } from '../coverage/predict.js'
import { formatCount, plural, printable } from './format.js'
import { table } from './table.js'
import type { Theme } from './theme.js'

const COUNTS = ['read', 'written', 'skipped', 'filtered', 'deduped', 'quarantined'] as const

/** What a plan will meet in the data: the numbers that are predicted, what stands behind them, and what is not known. */
export function coverageText({ entities }: Coverage, theme: Theme): string {
  const shown = COUNTS.filter(
    count =>
      ['read', 'written', 'quarantined'].includes(count) ||
      entities.some(({ predicted }) => (predicted[count]?.rows ?? 0) > 0),
  )
  const columns = [
    { title: 'PREDICTED', align: 'left' as const },
    ...shown.map(count => ({ title: count.toUpperCase(), align: 'right' as const })),
  ]
  const rows = entities.map(({ entity, predicted }) => [
    entity,
    ...shown.map(count => (predicted[count] === undefined ? 'unknown' : amount(predicted[count], theme))),
  ])
  const findings = entities.flatMap(({ entity, findings: found }) =>
    found.toSorted((a, b) => b.rows - a.rows).flatMap(finding => findingLines(entity, finding, theme)),
  )
  const unknown = entities.flatMap(unknownLines)
  const parts = [
    entities.length === 0 ? [] : table(columns, rows, '  '),
    findings.length === 0 ? [] : ['  FOUND IN THE DATA', ...findings],
    unknown.length === 0 ? [] : ['  NOT PREDICTED', ...unknown],
  ]
  const text = parts.filter(part => part.length > 0).map(part => part.map(printable).join('\n'))
  return `${text.join('\n\n')}\n`
}

/** `≥ 12`, where no more is known than that. */
export function amount({ rows, bound }: Amount, { symbols }: Pick<Theme, 'symbols'>): string {
  const [least, most] = symbols.done === '✔' ? ['≥', '≤'] : ['>=', '<=']
  return `${bound === undefined ? '' : `${bound === 'at least' ? least : most} `}${formatCount(rows)}`
}

const MEANS: Readonly<Record<Finding['means'], string>> = {
  quarantined: 'quarantined',
  skipped: 'skipped',
  fails: 'the run fails',
  null: 'become null',
  kept: 'kept as they are',
  cut: 'rounded or cut',
  default: 'get the default',
  updated: 'written over',
}

function findingLines(entity: string, { kind, field, rows, means, values = [] }: Finding, theme: Theme): string[] {
  const mark = means === 'fails' ? theme.symbols.failed : theme.symbols.warning
  const line = `  ${mark} ${entity}.${field}  ${plural(rows, 'row')}: ${kind}, ${MEANS[means]}`
  const shown = values.map(({ value, rows: count }) => `"${value}" ${formatCount(count)}`)
  return [line, ...(shown.length === 0 ? [] : [`      ${shown.join(' · ')}`])]
}

function unknownLines({ entity, unknown }: EntityCoverage): string[] {
  return unknown.map(why => `  ${entity}: ${why}`)
}

/** The predictions that did not come true, or that all did. */
export function predictionLines(compared: readonly Compared[], theme: Theme): string[] {
  if (compared.length === 0) return []
  const wrong = compared.filter(({ fits }) => !fits)
  if (wrong.length === 0) return [` ${theme.symbols.done} as the plan predicted`, '']
  const lines = wrong.map(
    ({ entity, what, predicted, happened }) =>
      ` ${theme.symbols.warning} ${entity}: the plan predicted ${amount(predicted, theme)} ${what}, it came to ${formatCount(happened)}`,
  )
  return [...lines, '']
}
