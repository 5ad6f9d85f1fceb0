import { ChecksFailed, type ChecksResult, isFatal, worthSaying } from '../checks/result.js'
import { runChecks } from '../checks/run-checks.js'
import type { CheckPhase } from '../spec/model.js'
import type { Job, Step } from './api.js'

/** Rules that must hold before anything is written. */
export const checksBefore: Step = {
  name: 'checks',
  // A run that goes on was checked when it began; a retry loads what was looked at before.
  wanted: job =>
    job.options.resume !== true &&
    job.options.takeOver !== true &&
    job.options.retry === undefined &&
    hasChecks(job, 'before'),
  perform: async job => {
    const { checks, message } = await check(job, 'before')
    if (checks.outcomes.some(outcome => isFatal(outcome, checks.forced))) throw new ChecksFailed(checks, 'before')
    return { message, result: { checks } }
  },
}

/** Rules that must hold when the run has ended. */
export const checksAfter: Step = {
  name: 'checks',
  wanted: ({ result, options, ...job }) =>
    options.dryRun !== true && (result?.status === 'ok' || result?.status === 'quarantined') && hasChecks(job, 'after'),
  perform: async job => {
    const { checks: made, message } = await check(job, 'after')
    const checks = { ...made, outcomes: [...(job.result?.checks?.outcomes ?? []), ...made.outcomes] }
    if (!made.outcomes.some(outcome => isFatal(outcome, made.forced))) return { message, result: { checks } }
    const error = new ChecksFailed(checks, 'after')
    return { message, failed: true, result: { checks, status: 'failed', exitCode: 1, error } }
  },
}

function hasChecks({ pipeline: { spec } }: Pick<Job, 'pipeline'>, phase: CheckPhase): boolean {
  const all = [...spec.checks, ...spec.entities.flatMap(entity => entity.checks)]
  return all.some(({ phases }) => phases.includes(phase))
}

async function check(
  job: Job,
  phase: CheckPhase,
): Promise<{ readonly checks: ChecksResult; readonly message: string }> {
  const outcomes = await runChecks(await job.plan(), await job.databases(), {
    phase,
    signal: job.signal,
    partial: job.options.limit !== undefined,
    now: Date.now,
    onOutcome: outcome => {
      const { name, entity, severity, state, count } = outcome
      if (!worthSaying(outcome)) return
      const found = count === undefined ? '' : `, ${count}`
      job.progress(`${severity}: ${entity === undefined ? '' : `${entity}: `}${name} ${state}${found}`)
    },
  })
  const broken = outcomes.filter(worthSaying).length
  const message = broken === 0 ? `all ${outcomes.length} hold` : `${broken} of ${outcomes.length} do not hold`
  return { checks: { outcomes, forced: job.options.force === true }, message }
}
