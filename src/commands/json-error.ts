import { PipelineError } from '../core/errors.js'
import { errorJson } from '../ui/json.js'
import { asEtlError, type Terminal } from './terminal.js'

/** With `--json` stdout holds one document whatever happens: where the work throws, what went wrong. */
export async function withJsonError(
  json: boolean,
  terminal: Terminal,
  documentOf: (error: object) => object,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (json) {
      const problems = error instanceof PipelineError ? { problems: error.diagnostics } : {}
      const document = documentOf({ error: errorJson(asEtlError(error)), ...problems })
      terminal.out(`${JSON.stringify(document, null, 2)}\n`)
    }
    throw error
  }
}
