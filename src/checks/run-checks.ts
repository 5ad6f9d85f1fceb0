import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { TARGET } from '../plan/catalogs.js'
import type { Databases } from '../plan/open.js'
import { type CheckPlan, type Plan, type ReadPlan, readsOf } from '../plan/plan.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import type { CheckPhase } from '../spec/model.js'
import { askQuery, askRows, askValue, within } from './ask.js'
import type { CheckOutcome } from './result.js'
import { type Scanned, scan } from './scan.js'

export interface CheckOptions {
  readonly phase: CheckPhase
  readonly signal: AbortSignal
  /** Only some of the rows were read: what compares their number with the source is left out. */
  readonly partial?: boolean
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** After each one. */
  readonly onOutcome?: (outcome: CheckOutcome, index: number, of: number) => void
}

type Finding = Pick<CheckOutcome, 'state' | 'count' | 'detail' | 'value' | 'keys' | 'code'>

/**
 * Makes the checks of a phase, one after the other, and reads nothing but what they need. A check that cannot be made is
 * an outcome too; only a lost connection and a stop are thrown.
 */
export async function runChecks(
  plan: Plan,
  databases: Pick<Databases, 'sources' | 'target'>,
  { phase, signal, partial = false, now, onOutcome }: CheckOptions,
): Promise<readonly CheckOutcome[]> {
  const checks = plan.checks.filter(({ phases }) => phases.includes(phase))
  const sessions = new ReadingSessions(name => beginSession(named(databases, name), undefined))
  const outcomes: CheckOutcome[] = []
  try {
    for (const [i, check] of checks.entries()) {
      if (signal.aborted) throw new EtlError('E515', 'the checks were stopped', { kind: 'interrupted' })
      const started = now()
      const { name, entity, on, severity, line } = check
      const outcome: CheckOutcome = {
        name,
        ...(entity === undefined ? {} : { entity }),
        on: on === TARGET ? 'target' : on,
        phase,
        severity,
        ...(partial && comparesSource(check)
          ? ({ state: 'skipped', detail: 'not all rows were read' } as const)
          : await finding(plan, check, databases, sessions, signal)),
        line,
        ms: now() - started,
      }
      outcomes.push(outcome)
      onOutcome?.(outcome, i, checks.length)
    }
    return outcomes
  } finally {
    await sessions.close()
  }
}

async function finding(
  plan: Plan,
  check: CheckPlan,
  databases: Pick<Databases, 'sources' | 'target'>,
  sessions: ReadingSessions,
  signal: AbortSignal,
): Promise<Finding> {
  const database = named(databases, check.on)
  if (await isMissing(check, database)) return { state: 'skipped', detail: 'the table is not there yet' }
  try {
    return await look(plan, check, database, sessions, signal)
  } catch (error) {
    if (!(error instanceof EtlError) || error.kind === 'connection' || error.kind === 'transient') throw error
    if (error.kind === 'interrupted') throw error
    // The failed statement may have ended the transaction that the others read in.
    await sessions.renew()
    return { state: 'broken', detail: `it cannot be made: ${error.message}`, code: error.code }
  }
}

async function look(
  plan: Plan,
  check: CheckPlan,
  database: Database,
  sessions: ReadingSessions,
  signal: AbortSignal,
): Promise<Finding> {
  const { rule, rows } = check
  const session = await sessions.get(check.on)
  if (rule.kind === 'row_count') return counted(plan, check, session, sessions)
  if (rule.kind === 'sql') {
    if (rule.expect === undefined) return found(check, await askQuery(rule.sql, database, session, signal))
    const { ok, value, expected } = await askValue(rule, session)
    if (ok) return { state: 'passed', detail: 'as expected' }
    return { state: 'failed', detail: `expected ${expected}`, value: String(value) }
  }
  if (rows?.kind === 'sql' && rule.kind !== 'matches')
    return found(check, await askRows(rule, rows, database, session, signal))
  if (rows?.kind !== 'scan') throw new Error('a check has no rows to look at')
  return found(check, await scan(rule, rows.read, sessions.get, async () => othersOf(check), signal))
}

async function counted(plan: Plan, check: CheckPlan, session: Session, sessions: ReadingSessions): Promise<Finding> {
  const { rule, rows } = check
  if (rule.kind !== 'row_count' || rows === undefined) throw new Error('no row_count')
  const count = rows.kind === 'sql' ? await session.count(rows) : await countOf(rows.read, sessions)
  const { equals, ...bounds } = rule
  const read = plan.entities.find(entity => entity.name === check.entity)?.read
  const expected = equals === 'source' ? (read === undefined ? 0 : await countOf(read, sessions)) : equals
  const { ok, expected: words } = within(count, expected === undefined ? bounds : { ...bounds, equals: expected })
  const of = equals === 'source' ? `${words} as in the source` : words
  const rowsWords = count === 1 ? '1 row' : `${count} rows`
  return ok
    ? { state: 'passed', count, detail: rowsWords }
    : { state: 'failed', count, detail: `${rowsWords}, expected ${of}` }
}

function comparesSource({ rule }: CheckPlan): boolean {
  return rule.kind === 'row_count' && rule.equals === 'source'
}

async function countOf(read: ReadPlan, sessions: ReadingSessions): Promise<number> {
  let sum = 0
  for (const { from, where } of readsOf(read)) {
    if (from.kind === 'rows') sum += from.rows.length
    else {
      const session = await sessions.get(from.source)
      const place = from.kind === 'table' ? { table: from.table } : { query: from.query }
      sum += await session.count({ from: place, ...(where === undefined ? {} : { where }) })
    }
  }
  return sum
}

/** The values that a scanned column must be among. */
function othersOf({ rule, on }: CheckPlan): ReadPlan {
  if (rule.kind !== 'references') throw new Error('only references look at another table')
  const column = { name: rule.to, type: { kind: 'any' }, native: '', nullable: true, decode: true } as const
  return { from: { kind: 'table', source: on, table: rule.table }, columns: [column], order: [], key: [] }
}

function found({ rule }: CheckPlan, { count, keys }: Scanned): Finding {
  if (count === 0) return { state: 'passed', count, detail: 'holds' }
  const [one, several] =
    rule.kind === 'unique' ? ['value stands for', 'values stand for'] : ['row breaks', 'rows break']
  const what = rule.kind === 'unique' ? 'several rows' : 'it'
  const detail = `${count === 1 ? `1 ${one}` : `${count} ${several}`} ${what}`
  return { state: 'failed', count, detail, ...(keys.length === 0 ? {} : { keys }) }
}

/** A table that the run is going to make cannot be looked at before. */
async function isMissing({ phases: _, rows, on }: CheckPlan, database: Database): Promise<boolean> {
  if (on !== TARGET || rows === undefined) return false
  const from = rows.kind === 'sql' ? rows.from : rows.read.from
  return 'table' in from && (await database.table(from.table)) === undefined
}

function named({ sources, target }: Pick<Databases, 'sources' | 'target'>, name: string): Database {
  const database = name === TARGET ? target : sources.get(name)
  if (database === undefined) throw new EtlError('E202', `source "${name}" has not been opened`, { kind: 'usage' })
  return database
}
