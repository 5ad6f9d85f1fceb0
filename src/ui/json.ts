import type { EtlError } from '../core/errors.js'
import type { JobResult } from '../job/api.js'
import { publicResult } from '../job/public-result.js'

/** The last line of `run --json`: nothing a program reads holds a row's value. */
export function resultLine(result: JobResult): string {
  const { error } = result
  const shown = { type: 'result', ...publicResult(result), ...(error === undefined ? {} : { error: errorJson(error) }) }
  return JSON.stringify(shown)
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
