/**
 * The programming interface: load a pipeline file, plan it, run it and listen to what happens. The command line is
 * written with nothing else.
 *
 * ```ts
 * import { loadPipeline, startRun } from 'etl-runner'
 *
 * const pipeline = await loadPipeline('pipeline.yaml')
 * const run = await startRun(pipeline, { onEvent: event => console.log(event.type) })
 * const result = await run.result
 * ```
 */

import { type CheckOutcome, isFatal } from './checks/result.js'
import { runChecks } from './checks/run-checks.js'
import { coverPlan as cover } from './coverage/cover.js'
import type { Coverage } from './coverage/coverage.js'
import type { Pipeline } from './load/pipeline.js'
import { checkDatabases, notCreatable } from './plan/check.js'
import type { CheckItem } from './plan/check-item.js'
import { compilePlan } from './plan/compile.js'
import { occupied } from './plan/occupied.js'
import { openDatabases } from './plan/open.js'
import type { Plan } from './plan/plan.js'
import { Ledger } from './run/ledger.js'
import type { CheckPhase } from './spec/model.js'

export type { BackupResult } from './backup/backup.js'
export { type BackupOptions, backupTarget } from './backup/backup-target.js'
export type { BackupMetadata } from './backup/metadata.js'
export { type RestoreOptions, type RestorePlan, type RestoreResult, restoreBackup } from './backup/restore.js'
export { type CheckOutcome, ChecksFailed, type ChecksResult } from './checks/result.js'
export { serveHealth } from './cluster/health.js'
export { refuseUnsuited } from './cluster/refuse.js'
export { type EngineRun, type RunStatusReport, runStatus, statusOfAll } from './cluster/status.js'
export { lastTask, resumeRun, type SubmittedRun, submitRun } from './cluster/submit.js'
export { type RunningWorker, startWorker, type WorkerOptions } from './cluster/worker.js'
export { formatTable } from './core/catalog.js'
export { CODES, type ErrorCode } from './core/codes.js'
export type { Diagnostic, DocPath, Position } from './core/diagnostics.js'
export { type ErrorKind, EtlError, exitCodeOf, PipelineError } from './core/errors.js'
export type { OwnFunction, OwnType } from './core/own-function.js'
export { TOOL_VERSION } from './core/version.js'
export type { Amount, Coverage, EntityCoverage, Finding, Prediction } from './coverage/coverage.js'
export type { Compared } from './coverage/predict.js'
export { type DoctorOptions, type DoctorReport, examine } from './doctor/doctor.js'
export type { Finding as DoctorFinding } from './doctor/finding.js'
export { initEngine, openEngine } from './engine/open.js'
export type { EngineFacts, RemoteEngine } from './engine/port.js'
export { type History, type HistoryOptions, listRuns, type PastRun } from './history/list-runs.js'
export { findRecord, readRecord } from './history/read-record.js'
export type { RunRecord } from './history/record.js'
export { type Found, type InitOptions, type InitResult, initPipeline, tablesAt } from './init/init.js'
export { type LiveFiles, liveFiles } from './init/live.js'
export type { Inspection, InspectOptions } from './inspect/api.js'
export { inspectSource, inspectUrl } from './inspect/open.js'
export type { JobHandle as RunHandle, JobOptions as RunOptions, JobResult as RunResult } from './job/api.js'
export { startJob as startRun } from './job/job.js'
export { formatDiagnostics } from './load/code-frame.js'
export { loadPipeline } from './load/load.js'
export type { LoadOptions, Pipeline } from './load/pipeline.js'
export { redactor } from './load/redact.js'
export { type RecordedTest, type RecordedTests, type RecordOptions, recordTests } from './mapping-test/record.js'
export {
  type MappingTestOptions,
  type MappingTestReport,
  type MappingTestResult,
  runMappingTests,
} from './mapping-test/run-tests.js'
export { explainPlan, type ShownMark } from './plan/explain.js'
export { graphMermaid, graphText } from './plan/graph.js'
export type { EntityPlan, Plan } from './plan/plan.js'
export type {
  BrokenCheck,
  Included,
  RehearsalReport,
  RehearseOptions,
  SizeReport,
  UndoVerdict,
} from './rehearsal/api.js'
export { rehearse } from './rehearsal/rehearse.js'
export type { EntityPreview, EntityResult } from './run/api.js'
export type { Counts, EntityState, EventListener, RunEvent, RunStatus, StageTimes, StepName } from './run/events.js'
export { listMarks } from './run/list-marks.js'
export {
  listQuarantine,
  type QuarantineCause,
  type QuarantinedRow,
  type QuarantineOptions,
  type QuarantineReport,
} from './run/quarantine-list.js'
export type { RetryOptions } from './run/retry-run.js'
export type { Consistency } from './run/source-snapshots.js'
export type { PipelineSpec, VerifyAllowed, VerifyLevel } from './spec/model.js'
export type { RowTrace, TracedField, TracedRun, TraceStep } from './trace/api.js'
export { type TraceOptions, traceRow } from './trace/trace.js'
export type { UndoConflict, UndoneEntity, UndoOptions, UndoResult, UndoSurvey } from './undo/api.js'
export { undoRun } from './undo/undo.js'
export type {
  ComparedRows,
  Difference,
  EntityVerification,
  FieldDifference,
  VerifiedCounts,
  VerifyOptions,
  VerifyReport,
  VerifyState,
} from './verify/api.js'
export { type BeforeOptions, type BeforeReport, type EntityBefore, verifyBefore } from './verify/before.js'
export { verifyPipeline } from './verify/verify.js'

export interface PlanOptions {
  /** Names, `+name` with what it depends on, `name+` with what depends on it. Default: all. */
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  readonly batchSize?: number
  /** Files of the target may be those of a run that goes on. Default false: one that is in the way is a problem. */
  readonly mayResume?: boolean
}

/** Connects (read-only), reads the catalogs and says what a run would do. Throws PipelineError with every problem found. */
export async function planPipeline(pipeline: Pipeline, options: PlanOptions = {}): Promise<Plan> {
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${pipeline.spec.name} plan` })
  try {
    return await compilePlan(pipeline, databases, options)
  } finally {
    await databases.close()
  }
}

/**
 * Connects (read-only) and asks the databases by aggregates what a run of the plan will meet: values that are in no map,
 * look-ups and references that miss, values that do not fit, keys that come twice. No row is moved. The values that it
 * names are for the user's own eyes.
 */
export async function coverPlan(pipeline: Pipeline, plan: Plan): Promise<Coverage> {
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${pipeline.spec.name} plan` })
  try {
    return await cover(plan, databases)
  } finally {
    await databases.close()
  }
}

/** What `etl check` found. */
export interface CheckReport {
  /** Nothing failed but checks of severity `info` and `warning`. */
  readonly ok: boolean
  /** Connections, tables, columns, rights and keys. */
  readonly items: readonly CheckItem[]
  /** What the `checks` of the file came to; their keys are for the user's own eyes. */
  readonly checks: readonly CheckOutcome[]
}

export interface CheckOptions {
  /** `after`: the checks for the end of a run, and nothing else. Default: all that can be checked before one. */
  readonly phase?: CheckPhase
  readonly signal?: AbortSignal
}

/** Connects (read-only) and checks what can be checked without a run: tables, columns, rights, keys, and `checks`. */
export async function checkPipeline(pipeline: Pipeline, options: CheckOptions = {}): Promise<CheckReport> {
  const { phase = 'before', signal = new AbortController().signal } = options
  const databases = await openDatabases(pipeline, {
    readOnly: true,
    applicationName: `etl ${pipeline.spec.name} check`,
  })
  try {
    if (phase === 'after') {
      const plan = await compilePlan(pipeline, databases, { mayResume: true })
      return reportOf([], await runChecks(plan, databases, { phase, signal, now: Date.now }))
    }
    const { items, plan } = await checkDatabases(pipeline, databases)
    const { ledger } = pipeline.spec
    const right = ledger === false ? undefined : await new Ledger(databases.target, ledger.schema).missingCreateRight()
    const checks = plan === undefined ? [] : await runChecks(plan, databases, { phase, signal, now: Date.now })
    return reportOf(right === undefined ? items : [...items, notCreatable('the ledger', right)], checks)
  } finally {
    await databases.close()
  }
}

function reportOf(items: readonly CheckItem[], checks: readonly CheckOutcome[]): CheckReport {
  return { ok: items.every(item => item.ok) && !checks.some(each => isFatal(each, false)), items, checks }
}

/** The plan's target tables that hold rows already: whoever asks before writing wants to know. */
export async function occupiedTargets(pipeline: Pipeline, plan: Plan): Promise<readonly string[]> {
  const databases = await openDatabases(pipeline, {
    readOnly: true,
    applicationName: `etl ${pipeline.spec.name} check`,
  })
  try {
    return await occupied(databases.target, plan)
  } finally {
    await databases.close()
  }
}
