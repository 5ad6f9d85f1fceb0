import { join, relative } from 'node:path'
import { worthSaying } from '../checks/result.js'
import { PAGE_FILE } from '../history/record.js'
import type { JobResult } from '../job/api.js'
import type { EntityResult } from '../run/api.js'
import type { Counts } from '../run/events.js'
import type { Consistency } from '../run/source-snapshots.js'
import { checkRows, verdictOf } from './checks-text.js'
import { predictionLines } from './coverage-text.js'
import { countsText } from './event-text.js'
import { formatCount, formatDuration, plural, printable } from './format.js'
import { type TableColumn, table } from './table.js'
import type { Theme, Tone } from './theme.js'
import { paint } from './theme.js'
import { wrap } from './wrap.js'

export interface SummaryOptions {
  readonly theme: Theme
  /** The pipeline file as a person would type it again. */
  readonly file: string
  readonly cwd: string
  /** Columns of the terminal. Default: lines are as wide as they need. */
  readonly width?: number
}

/** What a run did, as a table, and what to do next. */
export function summaryText(result: JobResult, options: SummaryOptions): string {
  const { theme, width = Number.POSITIVE_INFINITY } = options
  const { mark, tone, words } = verdict(result, theme)
  const title = printable(`   ${result.pipeline}  ${words}   run ${result.runId}`)
  const lines = [
    '',
    ...entityTable(result, theme, width),
    '',
    ...checkLines(result, theme),
    ...predictionLines(result.prediction ?? [], theme),
    ...windows(result, width),
    ...rejects(result, width),
    ...changes(result, width),
    ...warnings(result, theme),
    ...next(result, options, width),
  ]
  const told = [title, ...lines.map(printable)].flatMap(line => wrap(line, width, startOf(line)))
  return `${` ${paint(theme, tone, mark)}${told.join('\n').slice(2)}`.trimEnd()}\n`
}

/** Where the words of a line begin, behind its mark. */
function startOf(line: string): number {
  return /^[^\p{L}\p{N}]*/u.exec(line)?.[0].length ?? 0
}

/** A result, or its record. */
type Told = Pick<JobResult, 'status' | 'dryRun' | 'counts' | 'entities' | 'retry'>

/** How the run ended, in words. */
export function verdict(result: Told, theme: Theme): { mark: string; tone: Tone; words: string } {
  const { symbols } = theme
  const dry = result.dryRun ? 'dry run, nothing written: ' : ''
  switch (result.status) {
    case 'ok':
      return { mark: symbols.done, tone: 'good', words: `${dry}finished` }
    case 'quarantined': {
      return { mark: symbols.warning, tone: 'warn', words: `${dry}finished, ${quarantined(result)}` }
    }
    case 'failed':
      return { mark: symbols.failed, tone: 'bad', words: `${dry}failed` }
    case 'interrupted':
      return { mark: symbols.stopped, tone: 'warn', words: `${dry}interrupted` }
  }
}

function quarantined({ counts, entities, retry }: Told): string {
  if (retry !== undefined) return `${plural(retry.left, 'row')} still quarantined`
  const unresolved = entities.reduce((sum, entity) => sum + entity.unresolved, 0)
  const parts = [
    ...(counts.quarantined > 0 || unresolved === 0 ? [`${plural(counts.quarantined, 'row')} quarantined`] : []),
    ...(unresolved > 0 ? [`${plural(unresolved, 'row')} without deferred columns`] : []),
  ]
  return parts.join(', ')
}

const OPTIONAL = ['skipped', 'filtered', 'deduped', 'quarantined'] as const

/** In too few columns for a table, a line for each entity. */
function entityTable(result: JobResult, theme: Theme, width: number): string[] {
  // A column in which nothing happened only costs width; quarantine is what people look for, so it always stands.
  const shown = OPTIONAL.filter(key => key === 'quarantined' || result.counts[key] > 0)
  const columns: TableColumn[] = [
    { title: '', align: 'left' },
    { title: 'ENTITY', align: 'left' },
    { title: 'READ', align: 'right' },
    { title: result.dryRun ? 'OK' : 'WRITTEN', align: 'right' },
    ...shown.map(key => ({ title: key.toUpperCase(), align: 'right' as const })),
    { title: 'TIME', align: 'right' },
    { title: 'ROWS/S', align: 'right' },
  ]
  const cells = (counts: Counts, ms: number): string[] => [
    formatCount(counts.read),
    formatCount(counts.written),
    ...shown.map(key => (counts[key] === 0 ? theme.symbols.dot : formatCount(counts[key]))),
    formatDuration(ms),
    ms < 500 || counts.read === 0 ? theme.symbols.dot : formatCount(Math.round((counts.read * 1000) / ms)),
  ]
  const rows = result.entities.map(entity => [
    entityMark(entity, theme),
    entity.name,
    ...cells(entity.counts, entity.ms),
  ])
  const lines = table(columns, [...rows, ['', 'total', ...cells(result.counts, result.ms)]], ' ')
  const widest = Math.max(...lines.map(line => [...line].length))
  if (widest > width) {
    return [
      ...result.entities.map(entity => ` ${entityMark(entity, theme)} ${entity.name}  ${rowsAndTime(entity, result)}`),
      `   total  ${rowsAndTime(result, result)}`,
    ]
  }
  const rule = `   ${theme.symbols.rule.repeat(widest - 3)}`
  return [...lines.slice(0, -1), rule, ...lines.slice(-1)]
}

function rowsAndTime({ counts, ms }: Pick<EntityResult, 'counts' | 'ms'>, { dryRun }: JobResult): string {
  return `${countsText(counts, dryRun)}  ${formatDuration(ms)}`
}

function entityMark(entity: EntityResult, theme: Theme): string {
  const { symbols } = theme
  switch (entity.state) {
    case 'done':
      return entity.counts.quarantined > 0 ? symbols.warning : symbols.done
    case 'failed':
      return symbols.failed
    case 'skipped':
      return symbols.skipped
    case 'waiting':
      return symbols.waiting
    default:
      return symbols.stopped
  }
}

/** Checks that do not hold; those that do in one line. */
function checkLines({ checks }: JobResult, theme: Theme): string[] {
  if (checks === undefined) return []
  return [
    ...checkRows(checks.outcomes.filter(worthSaying), theme),
    ` ${verdictOf(checks, { ...theme, color: false })}`,
    '',
  ]
}

/** What incremental entities read. */
function windows(result: JobResult, width: number): string[] {
  const rows = result.entities.flatMap(({ name, windows = [] }) =>
    windows.map(({ member, column, after, until }) => [
      member === undefined ? name : `${name} (${member})`,
      column,
      after ?? 'the beginning',
      until ?? 'nothing yet',
    ]),
  )
  if (rows.length === 0) return []
  const columns = ['INCREMENTAL', 'COLUMN', 'FROM', 'TO'].map(title => ({ title, align: 'left' as const }))
  return [...table(columns, rows, '   ', width), '']
}

const CAUSES_SHOWN = 10

/** Causes of rejection, the most frequent first. */
function rejects(result: JobResult, width: number): string[] {
  const causes = result.entities
    .flatMap(entity => entity.rejects.map(reject => ({ entity: entity.name, ...reject })))
    .sort((a, b) => b.rows - a.rows)
  if (causes.length === 0) return []
  const rows = causes
    .slice(0, CAUSES_SHOWN)
    .map(c => [c.code, c.entity, c.field ?? '', formatCount(c.rows), c.message] as const)
  const columns = ['REJECTED', 'ENTITY', 'FIELD', 'ROWS', 'WHY'].map(title => ({
    title,
    align: title === 'ROWS' ? ('right' as const) : ('left' as const),
  }))
  const more = causes.length - rows.length
  return [...table(columns, rows, '   ', width), ...(more > 0 ? [`   and ${plural(more, 'more cause')}`] : []), '']
}

/** Values that are in the target but not as the source had them, because the file allows it. */
function changes(result: JobResult, width: number): string[] {
  const rows = result.entities.flatMap(entity => [
    ...entity.losses.map(loss => [entity.name, loss.field, formatCount(loss.rows), 'rounded or truncated (on_lossy)']),
    ...entity.substituted.map(s => [
      entity.name,
      s.field,
      formatCount(s.rows),
      'replaced (on_invalid, unmapped, on_missing)',
    ]),
  ])
  if (rows.length === 0) return []
  const columns = ['CHANGED', 'FIELD', 'ROWS', 'HOW'].map(title => ({
    title,
    align: title === 'ROWS' ? ('right' as const) : ('left' as const),
  }))
  return [...table(columns, rows, '   ', width), '']
}

const WARNINGS_SHOWN = 10

function warnings(result: JobResult, theme: Theme): string[] {
  if (result.warnings.length === 0) return []
  const more = result.warnings.length - WARNINGS_SHOWN
  const lines = result.warnings.slice(0, WARNINGS_SHOWN).map(text => ` ${theme.symbols.warning} ${text}`)
  return [...lines, ...(more > 0 ? [`   and ${plural(more, 'more warning')}`] : []), '']
}

export const CONSISTENCY: Readonly<Record<Consistency, string>> = {
  snapshot: 'snapshot: each source was read in one state',
  'resumed-across-snapshots': 'resumed-across-snapshots: what changed in a source meanwhile may be there half',
  none: 'none: what changed in a source meanwhile may be there half',
}

function next(result: JobResult, { file, cwd }: SummaryOptions, width: number): string[] {
  const lines: [string, string][] = []
  if (result.runDir !== undefined) {
    for (const entity of result.entities) {
      const { counts, unresolved } = entity
      const path = join(relative(cwd, result.quarantineDir ?? ''), `${entity.name}.ndjson`)
      const without = unresolved === 0 ? '' : `, ${formatCount(unresolved)} of them loaded without deferred columns`
      if (counts.quarantined + unresolved > 0)
        lines.push(['quarantine', `${path} (${plural(counts.quarantined + unresolved, 'row')}${without})`])
      if (counts.deduped > 0) lines.push(['duplicates', `${path} (${plural(counts.deduped, 'row')}, E425)`])
    }
    lines.push(['report', relative(cwd, join(result.runDir, PAGE_FILE))])
  }
  if (!result.dryRun) lines.push(['consistency', CONSISTENCY[result.consistency]])
  for (const command of nextCommands(result, shellWord(file))) lines.push(['next', command])
  return lines.flatMap(([label, text]) => wrap(`   ${label.padEnd(11)} ${text}`, width, 15))
}

function nextCommands(result: JobResult, file: string): string[] {
  if (result.retry !== undefined && result.status !== 'ok') return [`etl quarantine ${file} ${result.retry.of}`]
  if (result.dryRun) return result.status === 'failed' ? [`etl plan ${file}`] : [`etl run ${file}`]
  switch (result.status) {
    case 'interrupted':
      return [`etl run ${file} --resume`]
    case 'failed':
      if (result.error?.code === 'E526') return [`etl check ${file} --after   once the rows are mended`]
      if (result.undone !== undefined) return [`etl run ${file}   once the cause is removed`]
      return [`etl run ${file} --resume   once the cause is removed`]
    case 'quarantined':
      return [`etl quarantine ${file} ${result.runId}   why, and what to do`]
    case 'ok':
      return []
  }
}

/** Quotes a path that a shell would take apart. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
