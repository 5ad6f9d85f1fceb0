import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import type { EntityVerification, VerifyOptions, VerifyReport, VerifyState } from './api.js'
import { openContext, type VerifyContext } from './context.js'
import { type EntityPosition, verifyEntity } from './entity.js'
import { VerifyFile, type VerifyProgress } from './state-file.js'

/**
 * Proves a finished run: reads the source again by connections of its own, puts it through the same mapping and compares
 * what comes out with the target. Writes nothing but its own progress in the folder of the state.
 *
 * @throws EtlError E508 for a run that the target does not know, E504 for one that is not finished, E525 for one that was
 *   undone, E505 where `resume` finds nothing to go on with
 */
export async function verifyPipeline(pipeline: Pipeline, options: VerifyOptions = {}): Promise<VerifyReport> {
  const context = await openContext(pipeline, options)
  try {
    return await verifyAll(context, options.resume === true)
  } finally {
    await context.close()
  }
}

async function verifyAll(context: VerifyContext, resume: boolean): Promise<VerifyReport> {
  const started = context.now()
  const { plan, runId, settings, run } = context
  const file = new VerifyFile(context.stateDir, { runId, fingerprint: plan.fingerprint, settings })
  const before: VerifyProgress = resume ? await file.read() : { done: [] }
  const done: EntityVerification[] = [...before.done]
  let at: EntityPosition | undefined = before.at
  let suspended = false
  for (const entity of plan.entities) {
    if (done.some(({ name }) => name === entity.name)) continue
    context.tell(`${entity.name}: ${settings.level}`)
    try {
      const from = at?.entity === entity.name ? at : undefined
      done.push(
        await verifyEntity(context, entity, from, async position => {
          at = position
          await file.write({ done, at })
        }),
      )
      at = undefined
    } catch (error) {
      if (!context.signal.aborted || !isInterruption(error)) throw error
      suspended = true
      await file.write({ done, ...(at === undefined ? {} : { at }) })
      break
    }
  }
  if (!suspended) await file.remove()
  const state = suspended ? 'suspended' : worst(done)
  return {
    pipeline: plan.pipeline,
    ...(run === undefined ? {} : { runId }),
    level: settings.level,
    state,
    exitCode: exitCodes[state],
    entities: done,
    warnings: context.warnings,
    ms: context.now() - started,
  }
}

/** Readers that are told to stop say so, or are cut off. */
function isInterruption(error: unknown): boolean {
  return !(error instanceof EtlError) || error.kind === 'interrupted'
}

const exitCodes: Readonly<Record<VerifyState, number>> = {
  verified: 0,
  'not-verifiable': 0,
  mismatch: 4,
  suspended: 130,
}

function worst(entities: readonly EntityVerification[]): VerifyState {
  const order: readonly VerifyState[] = ['mismatch', 'not-verifiable', 'verified']
  return order.find(state => entities.some(entity => entity.state === state)) ?? 'verified'
}
