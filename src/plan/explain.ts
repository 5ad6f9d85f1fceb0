import { formatTable } from '../core/catalog.js'
import type { EntityPlan, Plan, ReadFrom } from './plan.js'

/** How far earlier runs have read a place of an incremental entity. */
export interface ShownMark {
  readonly entity: string
  /** Of a union. */
  readonly member?: string
  readonly column: string
  /** Where the next run goes on; absent: no run has finished it yet, and everything is read. */
  readonly value?: string
  /** Why the next run does not go by the mark there is, and is refused unless that is accepted. */
  readonly problem?: string
}

/**
 * The plan for people: what would be read, converted and written, in which order, and what is not known.
 *
 * @param marks of the target as it is now; none: how far earlier runs have read is not said
 */
export function explainPlan(plan: Plan, marks: readonly ShownMark[] = []): string {
  const sections = [
    header(plan),
    entityTable(plan),
    targetChanges(plan),
    createdColumns(plan),
    conversions(plan),
    notes(plan, marks),
    plan.warnings.map(w => `  ⚠ ${w.code} ${place(w.position, w.path)}${w.message}${w.hint ? `; ${w.hint}` : ''}`),
    [totals(plan)],
  ]
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

function header(plan: Plan): string[] {
  const sources = Object.values(plan.sources).map(source => source.label)
  return [
    ` etl plan  ${plan.pipeline}   fingerprint ${plan.fingerprint.slice(0, 12)}`,
    ` ${sources.join(', ')} ━━▶ ${plan.target.label}`,
    ...Object.entries(plan.sources).map(([name, { reading }]) => ` ${name} is read in ${reading}`),
    ...(plan.consistency === 'strict' ? [' consistency strict: a resume in another snapshot is refused'] : []),
  ]
}

function entityTable(plan: Plan): string[] {
  const rows = plan.entities
    .toSorted((a, b) => a.wave - b.wave)
    .map(entity => [
      String(entity.wave),
      entity.name,
      readWords(entity.read.from),
      formatTable(entity.write.table),
      entity.after.length === 0 ? '·' : entity.after.join(', '),
      loadWords(entity),
      entity.estimatedRows === undefined ? 'unknown' : grouped(entity.estimatedRows),
    ])
  return columns([['WAVE', 'ENTITY', 'FROM', 'TO', 'AFTER', 'LOAD', 'EST. ROWS'], ...rows], 6)
}

function readWords(from: ReadFrom): string {
  if (from.kind === 'union') return from.members.map(member => readWords(member.read.from)).join(' + ')
  if (from.kind === 'rows') return `${from.rows.length} rows of the file`
  return from.kind === 'query' ? `a query of ${from.source}` : `${from.source} ${formatTable(from.table)}`
}

function loadWords({ write }: EntityPlan): string {
  if (write.replace) return 'replace'
  return write.match.length === 0 ? write.mode : `${write.mode} by ${write.match.join(', ')}`
}

function targetChanges(plan: Plan): string[] {
  const rows = plan.entities.flatMap(({ write, deferred }) => {
    const table = formatTable(write.table)
    const key = write.primaryKey.length === 0 ? 'no primary key' : `primary key ${write.primaryKey.join(', ')}`
    return [
      ...(write.create ? [['+ create', table, `${write.columns.length} columns, ${key}`]] : []),
      ...(write.replace && !write.create ? [['- empty', table, 'its rows are deleted first, within the run']] : []),
      ...(deferred === undefined ? [] : [['~ update', table, `second pass fills ${deferred.columns.join(', ')}`]]),
    ]
  })
  return rows.length === 0 ? [] : ['  TARGET CHANGES', ...columns(rows)]
}

function createdColumns(plan: Plan): string[] {
  const rows = plan.entities.flatMap(({ write, created }) =>
    created.map(({ column, type, native, by }) => [`${formatTable(write.table)}.${column}`, type, native, by]),
  )
  return rows.length === 0 ? [] : ['  CREATED COLUMNS', ...columns(rows)]
}

function conversions(plan: Plan): string[] {
  const all = plan.entities.flatMap(entity => entity.conversions.map(c => ({ entity: entity.name, ...c })))
  const risky = all.filter(c => c.risk !== 'lossless')
  const rows = risky.map(c => [`${c.entity}.${c.field}`, `${c.from} → ${c.to}`, c.risk, c.note ?? ''])
  const lossless = all.length - risky.length
  const rest = lossless === 0 ? [] : [`  ${lossless}${risky.length > 0 ? ' more' : ''} lossless`]
  return all.length === 0 ? [] : ['  CONVERSIONS', ...columns(rows), ...rest]
}

function notes(plan: Plan, marks: readonly ShownMark[]): string[] {
  return [
    ...plan.skipped.map(({ entity, reason }) => `  ${entity} is skipped: ${reason}`),
    ...plan.entities
      .filter(entity => entity.keepsIdentity)
      .map(entity => `  ${entity.name}: keys that the target generates are kept in the ledger for refs`),
    ...plan.entities.flatMap(dedupeWords),
    ...plan.entities.flatMap(entity => incrementalWords(entity, marks)),
    ...plan.entities
      .filter(({ write }) => write.advance.length > 0)
      .map(
        ({ name, write }) =>
          `  ${name}: the file gives ${write.advance.join(', ')}, which the target can generate; its counter is moved past them`,
      ),
    ...plan.entities
      .filter(({ write }) => write.triggers.length > 0)
      .map(({ name, write }) => `  ${name}: triggers of the target run for its rows: ${write.triggers.join(', ')}`),
    ...checkWords(plan),
    ...(plan.ledger === false ? ['  no ledger: a run that breaks off and is resumed may write rows twice'] : []),
  ]
}

function checkWords({ checks }: Plan): string[] {
  if (checks.length === 0) return []
  const [before, after] = (['before', 'after'] as const).map(
    phase => checks.filter(({ phases }) => phases.includes(phase)).length,
  )
  return [
    `  ${count(checks.length, 'check', 'checks')}: ${before} made before anything is written, ${after} when the run has ended`,
  ]
}

function dedupeWords({ name, dedupe }: EntityPlan): string[] {
  if (dedupe === undefined) return []
  const before = dedupe.keep === 'last' ? ', after a look at all of them' : ''
  return [
    `  ${name}: the ${dedupe.keep} row of those with equal ${dedupe.names.join(', ')} is kept; read in one piece${before}`,
  ]
}

function incrementalWords({ name, incremental }: EntityPlan, marks: readonly ShownMark[]): string[] {
  if (incremental === undefined) return []
  const rows = (mark: string): string => (incremental.inclusive ? `rows from ${mark} on` : `rows past ${mark}`)
  const own = marks.filter(({ entity }) => entity === name)
  if (own.length === 0)
    return [`  ${name}: incremental by ${incremental.column}: after the first run only ${rows('its high-water mark')}`]
  return own.map(({ member, column, value, problem }) => {
    const what =
      problem ??
      (value === undefined ? 'all rows, since no run has finished it yet' : rows(`its high-water mark ${value}`))
    return `  ${name}${member === undefined ? '' : ` (${member})`}: incremental by ${column}: ${what}`
  })
}

function totals(plan: Plan): string {
  const created = plan.entities.filter(entity => entity.write.create).length
  const emptied = plan.entities.filter(entity => entity.write.replace && !entity.write.create).length
  const known = plan.entities.flatMap(entity => entity.estimatedRows ?? [])
  const unknown = plan.entities.length - known.length
  const sum = known.reduce((a, b) => a + b, 0)
  const rows = known.length === 0 ? 'number of rows unknown' : `about ${count(sum, 'row', 'rows')}`
  const open = unknown > 0 && known.length > 0 ? [`${count(unknown, 'entity', 'entities')} of unknown size`] : []
  const parts = [
    count(plan.entities.length, 'entity', 'entities'),
    ...(created > 0 ? [`${count(created, 'table', 'tables')} created`] : []),
    ...(emptied > 0 ? [`${count(emptied, 'table', 'tables')} emptied`] : []),
    rows,
    ...open,
  ]
  return `  Plan: ${parts.join(', ')}`
}

function count(n: number, one: string, several: string): string {
  return `${grouped(n)} ${n === 1 ? one : several}`
}

function place(position: { readonly line: number } | undefined, path: readonly (string | number)[]): string {
  const entity = path[0] === 'entities' && path.length > 1 ? `${path[1]}, ` : ''
  return position === undefined ? '' : `(${entity}line ${position.line}) `
}

function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** Rows as columns, two spaces between; the column `right` is aligned to the right. */
function columns(rows: readonly (readonly string[])[], right = -1): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => (row[i] ?? '').length)))
  return rows.map(row => {
    const cells = row.map((cell, i) => (i === right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
