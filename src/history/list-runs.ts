import { join } from 'node:path'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { Pipeline } from '../load/pipeline.js'
import { openTarget } from '../plan/open.js'
import type { RunStatus } from '../run/events.js'
import { Ledger } from '../run/ledger.js'
import { LedgerSql } from '../run/ledger-sql.js'
import type { RunRow } from '../run/run-ledger.js'
import { Sessions } from '../run/sessions.js'
import type { VerifyState } from '../verify/api.js'
import { readRecord, runFolders } from './read-record.js'
import type { RunRecord } from './record.js'

export interface HistoryOptions {
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
}

export interface PastRun {
  readonly runId: string
  /** As the ledger has it; where only files are left, how the run ended. */
  readonly state: RunRow['state'] | RunStatus
  /** How it ended; undefined where it has not, or its folder is gone. */
  readonly status?: RunStatus
  /** ISO in UTC. */
  readonly startedAt: string
  readonly endedAt?: string
  /** From its beginning to its end, an interruption between included; undefined while it goes on. */
  readonly ms?: number
  readonly read: number
  readonly written: number
  readonly quarantined: number
  /** A retry: of which run. */
  readonly retryOf?: string
  /** What verification came to, where it was asked for. */
  readonly verification?: VerifyState
  readonly error?: { readonly code: string; readonly message: string }
  /** Absolute folder with its report; undefined where it is gone or was never here. */
  readonly runDir?: string
}

export interface History {
  readonly pipeline: string
  /** Newest first. */
  readonly runs: readonly PastRun[]
  /** Why the ledger was not asked, so that only runs with a folder here are known. */
  readonly note?: string
}

/** All runs of a pipeline: those that the target's ledger knows and those whose folders are here. */
export async function listRuns(pipeline: Pipeline, options: HistoryOptions = {}): Promise<History> {
  const stateDir = options.stateDir ?? join(pipeline.baseDir, '.etl', pipeline.spec.name)
  const ended = new Map<string, PastRun>()
  for (const name of await runFolders(stateDir)) {
    const runDir = join(stateDir, 'runs', name)
    const record = await readRecord(runDir)
    if (record !== undefined) ended.set(name, { ...ofRecord(record), runDir })
  }
  const known = await byLedger(pipeline).catch((error: unknown) => {
    if (!(error instanceof EtlError) || error.kind === 'usage') throw error
    return `the target cannot be asked (${error.code} ${error.message})`
  })
  const runs = typeof known === 'string' ? new Map<string, PastRun>() : known
  for (const [runId, run] of ended) runs.set(runId, { ...run, ...runs.get(runId) })
  return {
    pipeline: pipeline.spec.name,
    runs: [...runs.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
    ...(typeof known === 'string' ? { note: known } : {}),
  }
}

function ofRecord(record: RunRecord): PastRun {
  const { runId, status, startedAt, endedAt, counts, retry, error, verification } = record
  return {
    runId,
    state: status,
    status,
    startedAt,
    endedAt,
    ms: Date.parse(endedAt) - Date.parse(startedAt),
    read: counts.read,
    written: counts.written,
    quarantined: counts.quarantined,
    ...(retry === undefined ? {} : { retryOf: retry.of }),
    ...(verification === undefined ? {} : { verification: verification.state }),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
  }
}

/** Runs by id; or why the ledger cannot tell. */
async function byLedger({ spec, baseDir }: Pipeline): Promise<Map<string, PastRun> | string> {
  const settings = spec.ledger
  if (settings === false) return 'the ledger is switched off'
  const applicationName = `etl ${spec.name} runs`
  const database = await openTarget(spec, { readOnly: true, baseDir, applicationName, create: false })
  const sessions = new Sessions(database, () => database.session({ readOnly: true }))
  try {
    const ledger = new Ledger(database, settings.schema)
    if (!(await ledger.exists())) return new Map()
    const sql = new LedgerSql(database, settings.schema)
    return await sessions.ask(async session => {
      const rows = await ledger.runs.all(session, spec.name)
      const totals = await totalsOf(session, sql, spec.name)
      return new Map(rows.map(row => [row.runId, ofRow(row, totals.get(row.runId))]))
    })
  } finally {
    await sessions.close()
    await database.close()
  }
}

type RowTotals = Pick<PastRun, 'read' | 'written' | 'quarantined'>

async function totalsOf(session: Session, sql: LedgerSql, pipeline: string): Promise<Map<string, RowTotals>> {
  const name = (text: string): string => `b.${sql.name(text)}`
  const sums = ['rows_read', 'inserted', 'updated', 'quarantined'].map(column => `sum(${name(column)})`)
  const [run, p] = [sql.name('run_id'), sql.dialect.placeholder]
  const rows = await session.query(
    `select ${name('run_id')}, ${sums.join(', ')} from ${sql.table('etl_batch')} b join ${sql.table('etl_run')} r ` +
      `on r.${run} = b.${run} where r.${sql.name('pipeline')} = ${p(1)} and ${name('pass')} = ${p(2)} group by ${name('run_id')}`,
    [pipeline, 'load'] satisfies Value[],
  )
  return new Map(
    rows.map(([runId, ...values]) => {
      const [read = 0, inserted = 0, updated = 0, quarantined = 0] = values.map(Number)
      return [String(runId), { read, written: inserted + updated, quarantined }]
    }),
  )
}

function ofRow({ runId, state, startedAt, endedAt, options }: RunRow, totals: RowTotals | undefined): PastRun {
  return {
    runId,
    state,
    startedAt,
    ...(endedAt === undefined ? {} : { endedAt, ms: Date.parse(endedAt) - Date.parse(startedAt) }),
    ...(totals ?? { read: 0, written: 0, quarantined: 0 }),
    ...(options.retryOf === undefined ? {} : { retryOf: options.retryOf }),
  }
}
