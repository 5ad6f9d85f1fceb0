import { EtlError, RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { FunctionContext, TransformFunction } from '../core/transform.js'
import { paramsProblem } from './params.js'

/** Longer text is what a few functions make of each other's results, not what somebody wants. */
const MAX_TEXT = 1 << 26

/**
 * A function with its parameters, ready for rows: checks the parameters, lets null pass through where the function
 * does not want it, and makes anything thrown a {@link RowError} that names the function.
 *
 * @throws EtlError E211 of kind `usage` for parameters that cannot be used
 */
export function bindFunction(
  fn: TransformFunction,
  params: Readonly<Record<string, unknown>>,
  context: FunctionContext,
): (values: readonly Value[]) => Value {
  const problem = paramsProblem(fn, params)
  if (problem !== undefined) throw new EtlError('E211', problem, { kind: 'usage' })
  const run = prepared(fn, params, context)
  const guarded = (values: readonly Value[]): Value => {
    try {
      const result = run(values)
      if (typeof result === 'string' && result.length > MAX_TEXT)
        throw new RowError('E413', `its result has more than ${MAX_TEXT} characters`)
      return result
    } catch (error) {
      if (error instanceof EtlError) throw error
      if (error instanceof RowError) throw new RowError(error.code, `${fn.name}: ${error.message}`)
      throw new RowError('E413', `${fn.name}: it failed on the value`)
    }
  }
  if (fn.nullIn === 'call') return guarded
  if (fn.values.max === 1) return values => (values[0] === null ? null : guarded(values))
  return values => (values.includes(null) ? null : guarded(values))
}

/** Parameters are values of the file, so whatever is wrong with them is a mistake in the file. */
function prepared(...[fn, params, context]: Parameters<typeof bindFunction>): ReturnType<typeof bindFunction> {
  try {
    return fn.prepare(params, context)
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    throw new EtlError('E211', `${fn.name}: a parameter cannot be used: ${error.message}`, { kind: 'usage' })
  }
}
