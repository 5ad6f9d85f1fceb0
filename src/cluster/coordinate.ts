import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { errorData } from '../engine/error-data.js'
import type { Delivery, Json, RemoteEngine } from '../engine/port.js'
import type { JobOptions } from '../job/api.js'
import { startJob } from '../job/job.js'
import { publicResult } from '../job/public-result.js'
import type { Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import { openTarget } from '../plan/open.js'
import { Ledger } from '../run/ledger.js'
import { isUnfinished } from '../run/reconcile.js'
import { Sessions } from '../run/sessions.js'
import type { RunTask } from './run-task.js'
import { Teller } from './teller.js'

export interface Lead {
  readonly engine: RemoteEngine
  readonly pipeline: Pipeline
  readonly ref: RunTask
  readonly delivery: Delivery
}

/**
 * Has a run from its beginning, or from where whoever had it before left it, to its end. Resolves to its result; throws
 * E515 where this process was asked to leave, so that another one goes on.
 */
export async function coordinate({ engine, pipeline, ref, delivery }: Lead): Promise<unknown> {
  const { signal } = delivery
  const teller = new Teller(engine, ref.run, redactor(pipeline.secrets))
  try {
    const { batchSize, logic } = ref.options
    const data = {
      pipeline: ref.pipeline as unknown as Json,
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(logic === undefined ? {} : { logic }),
    }
    const { label } = ref
    const handle = await startJob(pipeline, {
      ...ref.options,
      ...(await howToGoOn(pipeline, ref.run)),
      runId: ref.run,
      signal,
      chunks: { engine, workers: { data, ...(label === undefined ? {} : { label }) } },
      onEvent: teller.onEvent,
    }).catch(async (error: unknown) => {
      throw (await isLeaving(pipeline, ref, delivery, error)) ? passing(error as EtlError) : error
    })
    const stop = (): void => handle.stop('stop')
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const result = await handle.result
    if (signal.aborted && result.status === 'interrupted') {
      throw new EtlError('E515', 'the worker that had the run was asked to leave it', { kind: 'interrupted' })
    }
    const { error } = result
    const { runDir: _, quarantineDir: _q, ...shown } = publicResult(result)
    return { ...shown, ...(error === undefined ? {} : { error: errorData(error) }) }
  } finally {
    await teller.close()
  }
}

/** A run that the ledger knows was begun by a worker before: it is gone on with, whatever was asked for when it began. */
async function howToGoOn(pipeline: Pipeline, runId: string): Promise<Partial<JobOptions>> {
  const run = await inLedger(pipeline, ({ runs }, session) => runs.findRun(session, runId))
  if (run === undefined) return {}
  if (run.state === 'running')
    return { resume: true, takeOver: true, restart: false, proof: 'the engine gave its work to another worker' }
  return { resume: true, restart: false, ...(isUnfinished(run) ? {} : { takeOver: false }) }
}

/** Is the lock with whoever led this run before? He is on his way out, or frozen; the engine may come again meanwhile. */
async function isLeaving(pipeline: Pipeline, ref: RunTask, delivery: Delivery, error: unknown): Promise<boolean> {
  if (!(error instanceof EtlError && error.code === 'E503')) return false
  if (ref.turn === 1 && delivery.attempt === 1) return false
  const last = await inLedger(pipeline, ({ runs }, session) => runs.latestRun(session, pipeline.spec.name))
  return last === undefined || last.runId === ref.run || last.state !== 'running'
}

function passing(cause: EtlError): EtlError {
  const { code, message, where, hint } = cause
  return new EtlError(code, message, {
    kind: 'transient',
    cause,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  })
}

/** Undefined where the target has no ledger yet. */
async function inLedger<T>(
  { spec, baseDir }: Pipeline,
  ask: (ledger: Ledger, session: Session) => Promise<T>,
): Promise<T | undefined> {
  const target = await openTarget(spec, { readOnly: true, baseDir, applicationName: `etl ${spec.name}` })
  const sessions = new Sessions(target, () => target.session({ readOnly: true }))
  try {
    const ledger = new Ledger(target, spec.ledger === false ? undefined : spec.ledger.schema)
    if (!(await ledger.exists())) return undefined
    return await sessions.ask(session => ask(ledger, session))
  } finally {
    await sessions.close()
    await target.close()
  }
}
