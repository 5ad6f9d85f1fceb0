import { withoutKeys } from '../checks/result.js'
import type { EtlError } from '../core/errors.js'
import type { JobResult } from '../job/api.js'
import { withoutRows } from '../verify/without-rows.js'

/** The last line of `run --json`. Previews and keys are left out: they show rows, and nothing a program reads holds a row's value. */
export function resultLine(result: JobResult): string {
  const { error, entities, checks, verification, undone, ...rest } = result
  return JSON.stringify({
    type: 'result',
    ...rest,
    entities: entities.map(({ preview: _, ...entity }) => entity),
    ...(checks === undefined ? {} : { checks: { ...checks, outcomes: withoutKeys(checks.outcomes) } }),
    ...(verification === undefined ? {} : { verification: withoutRows(verification) }),
    ...(undone === undefined ? {} : { undone: { ...undone, conflicts: [] } }),
    ...(error === undefined ? {} : { error: errorJson(error) }),
  })
}

export function errorJson(error: EtlError): Record<string, string> {
  return {
    code: error.code,
    title: error.title,
    message: error.message,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
}
