import type { ErrorCode } from '../core/codes.js'
import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { FunctionContext } from '../core/transform.js'

/** One problem of a rule; `path` starts at the rule. */
export interface ExpressionProblem {
  readonly code: ErrorCode
  readonly message: string
  readonly path: DocPath
  readonly hint?: string
}

export interface ExpressionEnv {
  /** Name of each slot of the frame: source columns, then `let` names. */
  readonly columns: readonly string[]
  /** Names with one value for the whole entity, for example `$vars.region`, `$run.id`. */
  readonly constants?: Readonly<Record<string, Value>>
  readonly context: FunctionContext
  /** Run the json-logic-js interpreter instead of the compiled form. */
  readonly reference?: boolean
}

/** Problems of a rule that can be seen without data; empty when there are none. */
export function checkExpression(
  _rule: unknown,
  _options: { readonly names?: ReadonlySet<string> } = {},
): ExpressionProblem[] {
  return []
}

/** Compiles a rule to a closure over frames; the result goes through {@link usable} before it is a value. */
export function compileExpression(_rule: unknown, _env: ExpressionEnv): (frame: readonly unknown[]) => unknown {
  return () => null
}

/** The result of an expression as a value; E414 where it is none. `json` allows arrays and objects, as JSON text. */
export function usable(value: unknown, _options: { readonly json?: boolean } = {}): Value {
  return value as Value
}

/** Names that the rule reads from the row, each once. */
export function namesUsed(_rule: unknown): string[] {
  return []
}

/** Does the same row always give the same result? */
export function isPure(_rule: unknown): boolean {
  return true
}
