import { EtlError } from '../core/errors.js'
import { asEtlError } from '../core/unforeseen.js'
import { exitCode } from '../run/result.js'
import { undoRun } from '../undo/undo.js'
import type { Step } from './api.js'

/** Somebody else has the run, or goes on with it. */
const NOT_OURS: ReadonlySet<string | undefined> = new Set(['E510', 'E517'])

/** Takes back what a failed run wrote, where the file or the command line wants that. */
export const undoStep: Step = {
  name: 'undo',
  wanted: ({ pipeline: { spec }, options, result }) =>
    result?.status === 'failed' &&
    !result.dryRun &&
    !NOT_OURS.has(result.error?.code) &&
    (options.undoOnFailure ?? spec.onFailure === 'undo'),
  async perform(job) {
    const { pipeline, result } = job
    const run = result?.runId ?? 'last'
    try {
      const undone = await undoRun(pipeline, { run, onProgress: message => job.progress(message) })
      const rows = undone.entities.reduce(
        (sum, { deleted, restored, putBack }) => sum + deleted + restored + putBack,
        0,
      )
      const error = result?.error === undefined ? {} : { error: againError(result.error) }
      return { message: `run ${run} is taken back: ${rows} rows`, result: { undone, ...error } }
    } catch (error) {
      // Why the run failed stays what is told.
      const [why] = asEtlError(error).message.split('\n')
      // The lines below name rows by their keys.
      const list = error instanceof EtlError && error.code === 'E537' ? ` see \`etl undo ${run} --dry-run\`` : ''
      const message = `run ${run} could not be taken back: ${why}${list}`
      const warnings = [...(result?.warnings ?? []), message]
      return { message, failed: true, result: { warnings, exitCode: exitCode('failed', undefined, result?.error) } }
    }
  },
}

/** There is nothing to go on with any more: what the run would have gone on with begins anew. */
function againError(error: EtlError): EtlError {
  const { code, message, kind, where, hint, cause } = error
  if (hint === undefined || !hint.includes('--resume')) return error
  const again = hint
    .replaceAll(/go on with (?:it: )?`etl run(?: …)? --resume(?: --accept-changes)?`/g, 'run it again: `etl run …`')
    .replace('run again with --resume', 'run it again: `etl run …`')
    .replace(' and add --accept-changes', '')
  return new EtlError(code, message, { kind, ...(where === undefined ? {} : { where }), hint: again, cause })
}
