import type { BeforeReport, EntityVerification, FieldDifference, VerifyReport, VerifyState } from '../index.js'
import { formatCount, plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme, type Tone } from './theme.js'

const WORDS: Readonly<Record<VerifyState, string>> = {
  verified: 'VERIFIED',
  mismatch: 'MISMATCH',
  'not-verifiable': 'NOT VERIFIABLE',
  suspended: 'SUSPENDED',
}
const TONES: Readonly<Record<VerifyState, Tone>> = {
  verified: 'good',
  mismatch: 'bad',
  'not-verifiable': 'warn',
  suspended: 'warn',
}
/** Differences of an entity on the screen; the rest is in `--json`. */
const SHOWN = 10

const number = formatCount

/** What `etl verify` found: a line an entity, how its rows add up, the first differences. */
export function verifyText(report: VerifyReport, theme: Theme): string {
  const { symbols } = theme
  const columns = (['ENTITY', 'SOURCE', 'TARGET', 'COUNT', 'CONTENT', 'VERDICT'] as const).map((title, i) => ({
    title,
    align: i === 0 || i === 5 ? ('left' as const) : ('right' as const),
  }))
  const rows = report.entities.map(entity => [
    printable(entity.name),
    number(entity.counts.source),
    number(entity.counts.target),
    countMark(entity, theme),
    contentMark(entity, theme),
    verdict(entity),
  ])
  const [head = '', ...body] = table(columns, rows, '   ')
  const lines = body.map((line, i) => paint(theme, TONES[report.entities[i]?.state ?? 'verified'], line))
  const details = report.entities.flatMap(entity => detail(entity, theme))
  const warnings = report.warnings.map(text => ` ${paint(theme, 'warn', symbols.warning)} ${printable(text)}`)
  return `${[...warnings, head, ...lines, ...(details.length === 0 ? [] : ['', ...details]), '', ` ${last(report, theme)}`].join('\n')}\n`
}

function countMark({ counts }: EntityVerification, { symbols }: Theme): string {
  if (counts.problems.length > 0) return symbols.failed
  return counts.quarantined > 0 ? `-${number(counts.quarantined)} quar.` : symbols.done
}

function contentMark({ rows, state }: EntityVerification, { symbols }: Theme): string {
  if (rows === undefined) return symbols.skipped
  if (rows.different + rows.missing + rows.extra === 0) return symbols.done
  return state === 'mismatch' ? symbols.failed : symbols.warning
}

function verdict({ state, rows, counts, proves }: EntityVerification): string {
  const parts: string[] = []
  if (rows !== undefined) {
    for (const [count, word] of [
      [rows.missing, 'missing'],
      [rows.different, 'different'],
      [rows.extra, 'too many'],
    ] as const)
      if (count > 0) parts.push(`${plural(count, 'row')} ${word}`)
  }
  if (parts.length === 0 && counts.quarantined > 0) parts.push(`${number(counts.quarantined)} quarantined`)
  if (proves !== undefined) parts.push(proves)
  return [WORDS[state], ...parts].join(', ')
}

function detail(entity: EntityVerification, theme: Theme): string[] {
  const { counts, name } = entity
  const { symbols } = theme
  const lines = [` ${printable(name)}   ${sum(entity)}`]
  const add = (tone: Tone, mark: string, text: string) =>
    lines.push(`   ${paint(theme, tone, mark)} ${printable(text)}`)
  for (const problem of counts.problems) add('bad', symbols.failed, problem)
  for (const { column, step, rows } of entity.fields)
    add('bad', symbols.failed, `${column} differs in ${plural(rows, 'row')} (${step})`)
  for (const difference of entity.differences.slice(0, SHOWN)) {
    const key = Object.entries(difference.key)
      .map(([column, value]) => `${column} ${value ?? 'null'}`)
      .join(', ')
    const what = difference.fields?.map(fieldText).join('; ')
    lines.push(
      `     ${difference.kind.padEnd(9)}  ${printable(key)}${what === undefined ? '' : `   ${printable(what)}`}`,
    )
  }
  const more = entity.differences.length - SHOWN
  if (more > 0) lines.push(`     ${symbols.ellipsis} ${number(more)} more in --json`)
  for (const { column, why } of entity.notVerifiable)
    add('warn', symbols.warning, `${column === undefined ? '' : `${column}: `}${why}`)
  for (const { rule, values } of entity.allowed)
    add('warn', symbols.warning, `${plural(values, 'value')} allowed by ${rule}`)
  for (const note of entity.notes) add('dim', symbols.dot, note)
  return lines
}

function fieldText({ column, how, expected, actual }: FieldDifference): string {
  if (expected === undefined) return `${column}: ${how}`
  return `${column}: ${JSON.stringify(actual)} where ${JSON.stringify(expected)} should be`
}

/** `1,000 read = 990 written + 10 quarantined; target 0 before, 990 now`. */
function sum({ counts, rows }: EntityVerification): string {
  const { read, filtered, deduped, quarantined, skipped, inserted, updated, before, target } = counts
  const parts = [
    [inserted, 'inserted'],
    [updated, 'updated'],
    [filtered, 'filtered'],
    [deduped, 'deduped'],
    [quarantined, 'quarantined'],
    [skipped, 'skipped'],
  ] as const
  const shown = parts.filter(([count], i) => count > 0 || (i === 0 && updated === 0))
  const made = shown.map(([count, word]) => `${number(count)} ${word}`).join(' + ')
  const there =
    target === undefined
      ? []
      : [`target ${before === undefined ? '' : `${number(before)} before, `}${number(target)} now`]
  const other = rows === undefined || rows.other === 0 ? [] : [`${plural(rows.other, 'other row')}`]
  const accounted =
    read + inserted + updated === 0 && (rows?.expected ?? 0) > 0 ? [] : [`${number(read)} read = ${made}`]
  return [...accounted, ...there, ...other].join('; ')
}

function last({ state, level, runId, ms }: VerifyReport, theme: Theme): string {
  const mark =
    state === 'verified' ? theme.symbols.done : state === 'mismatch' ? theme.symbols.failed : theme.symbols.warning
  const words: Readonly<Record<VerifyState, string>> = {
    verified:
      level === 'counts'
        ? 'every row is accounted for'
        : level === 'sample'
          ? 'no difference in the sample'
          : 'every row is as it should be',
    mismatch: 'the target is not as it should be',
    'not-verifiable': 'nothing wrong was found, but not everything could be looked at',
    suspended: 'interrupted; go on with `etl verify --resume`',
  }
  const of = runId === undefined ? '' : `run ${runId}, `
  return `${paint(theme, TONES[state], `${mark} ${WORDS[state]}`)}   ${of}${level}, ${(ms / 1000).toFixed(1)} s: ${words[state]}`
}

/** What `etl verify --before` found. */
export function beforeText({ entities }: BeforeReport, theme: Theme): string {
  const columns = (['ENTITY', 'SOURCE', 'EXPECTED', 'FILTERED', 'DEDUPED', 'REJECTED', 'TARGET NOW'] as const).map(
    (title, i) => ({
      title,
      align: i === 0 ? ('left' as const) : ('right' as const),
    }),
  )
  const rows = entities.map(({ name, counts, target }) => [
    printable(name),
    number(counts.read),
    number(counts.written),
    number(counts.filtered),
    number(counts.deduped),
    number(counts.quarantined + counts.skipped),
    target === undefined ? theme.symbols.skipped : number(target),
  ])
  const lines = table(columns, rows, '   ')
  for (const { name, rejects, breakdown, sample } of entities) {
    for (const { code, field, message, rows: count } of rejects)
      lines.push(
        '',
        ` ${printable(name)}   ${plural(count, 'row')} rejected   ${printable([field, code, message].filter(part => part !== undefined).join('  '))}`,
      )
    for (const { column, to, values } of breakdown) {
      lines.push('', ` ${printable(name)}   ${printable(column === to ? column : `${column} as ${to}`)}`)
      for (const { value, becomes, rows: count } of values) {
        const made = becomes === undefined ? '' : ` ${theme.symbols.arrow} ${becomes ?? 'not in the map'}`
        lines.push(
          `   ${number(count).padStart(12)}  ${printable(`${value === '' ? 'empty text' : (value ?? 'null')}${made}`)}`,
        )
      }
    }
    for (const [i, row] of (sample ?? []).entries())
      lines.push(
        ...(i === 0 ? ['', ` ${printable(name)}   first rows`] : []),
        `   ${printable(
          Object.entries(row)
            .map(([column, value]) => `${column} ${JSON.stringify(value)}`)
            .join('  '),
        )}`,
      )
  }
  return `${lines.join('\n')}\n`
}
