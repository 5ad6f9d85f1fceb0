import { EtlError, RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { FunctionContext } from '../core/transform.js'
import type { Compilation } from './logic/compile.js'
import { compileRule } from './logic/compile.js'
import { interpretRule } from './logic/reference.js'
import { rowScope } from './logic/scope.js'

export type { CheckOptions, ExpressionProblem } from './logic/check.js'
export { checkExpression, refusal } from './logic/check.js'
export { isPure, isPureCall, namesUsed, usesFunction, usesLists } from './logic/names.js'
export { usable } from './logic/usable.js'

export interface ExpressionEnv {
  /** Name of each slot of the frame: source columns, then `let` names. */
  readonly columns: readonly string[]
  /** Names with one value for the whole entity, for example `$vars.region`, `$run.id`. */
  readonly constants?: Readonly<Record<string, Value>>
  readonly context: FunctionContext
  /** Run the json-logic-js interpreter instead of the compiled form. */
  readonly reference?: boolean
}

/**
 * Compiles a rule to a closure over frames with the exact meaning of json-logic-js 2.0.5; the result goes through
 * {@link usable} before it is a value. `var` finds a column by its exact name first, then by a path, and only own
 * properties. The closure throws nothing but row errors.
 *
 * @throws EtlError E205, E211, E212 of kind `usage` for a rule that `checkExpression` would refuse
 */
export function compileExpression(rule: unknown, env: ExpressionEnv): (frame: readonly unknown[]) => unknown {
  const row = rowScope(env.columns, env.constants)
  const compilation: Compilation = { row, context: env.context, constants: row.constants }
  const run = env.reference === true ? interpretRule(rule, row, compilation) : compileRule(rule, compilation)
  return frame => {
    row.whole = undefined
    try {
      return run(frame)
    } catch (error) {
      if (error instanceof RowError || error instanceof EtlError) throw error
      throw new RowError('E414', 'the operands do not suit an operator')
    }
  }
}
