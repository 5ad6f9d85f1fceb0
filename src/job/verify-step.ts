import { EtlError } from '../core/errors.js'
import { countTargets } from '../verify/before.js'
import { verifyPipeline } from '../verify/verify.js'
import type { Job, Step } from './api.js'

function levelOf({ options, pipeline }: Job) {
  return options.verify ?? pipeline.spec.verify.level
}

/** Counts what the target holds before a new run, so that the rows can be accounted for after it. */
export const countBefore: Step = {
  name: 'verify',
  wanted: job => {
    const { dryRun, resume, takeOver, retry } = job.options
    return levelOf(job) !== 'none' && dryRun !== true && resume !== true && takeOver !== true && retry === undefined
  },
  perform: async ({ pipeline, stateDir, options: { entities, exclude } }) => {
    const tables = await countTargets(pipeline, stateDir, {
      ...(entities === undefined ? {} : { entities }),
      ...(exclude === undefined ? {} : { exclude }),
    })
    const rows = Object.values(tables).reduce((sum, count) => sum + count, 0)
    return { message: `the target holds ${rows.toLocaleString('en-US')} rows before the run` }
  },
}

/** Proves what a finished run has done. */
export const verify: Step = {
  name: 'verify',
  wanted: job => {
    const finished = job.result?.status === 'ok' || job.result?.status === 'quarantined'
    return levelOf(job) !== 'none' && finished && job.result?.dryRun === false && job.options.retry === undefined
  },
  perform: async job => {
    const level = levelOf(job)
    const verification = await verifyPipeline(job.pipeline, {
      ...(job.pipeline.spec.ledger === false || job.result === undefined ? {} : { run: job.result.runId }),
      ...(level === 'none' ? {} : { level }),
      stateDir: job.stateDir,
      signal: job.signal,
      onProgress: message => job.progress(message),
    })
    const wrong = verification.entities.filter(({ state }) => state === 'mismatch').map(({ name }) => name)
    if (verification.state === 'suspended')
      return { message: 'interrupted: `etl verify --resume` goes on', failed: true, result: { verification } }
    if (verification.state !== 'mismatch')
      return { message: `${verification.state}, ${level}`, result: { verification } }
    return {
      message: `mismatch in ${wrong.join(', ')}`,
      failed: true,
      result: { verification, status: 'failed', exitCode: verification.exitCode, error: mismatch(wrong) },
    }
  },
}

function mismatch(entities: readonly string[]): EtlError {
  return new EtlError('E527', `the verification found differences in ${entities.join(', ')}`, {
    hint: 'see them with `etl verify`; take the run back, or mend the cause and load again',
  })
}
