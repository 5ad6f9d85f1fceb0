import { basename } from 'node:path'
import { backupBeforeRun, mayNeedBackup } from '../backup/before-run.js'
import type { Step } from './api.js'

/** Saves what the run is about to write to. A run that goes on had that when it began. */
export const backupStep: Step = {
  name: 'backup',
  wanted: ({ pipeline, options }) =>
    options.backup !== false &&
    options.dryRun !== true &&
    options.resume !== true &&
    options.takeOver !== true &&
    options.retry === undefined &&
    mayNeedBackup(pipeline),
  async perform(job) {
    const { pipeline, runId, options, signal } = job
    const saved = await backupBeforeRun({
      pipeline,
      runId,
      restart: options.restart === true,
      signal,
      plan: () => job.plan(),
      target: async () => (await job.databases()).target,
      progress: message => job.progress(message),
    })
    return typeof saved === 'string'
      ? { message: saved }
      : { message: basename(saved.backup), result: { backup: saved } }
  },
}
