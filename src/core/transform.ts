import type { Static, TObject, TProperties } from 'typebox'
import type { Value } from './row.js'
import { Type } from './schema.js'

/** What a function may know beside its value. */
export interface FunctionContext {
  /** When the run began, ISO in UTC; the only clock a function has, so a row gives the same result at each attempt. */
  readonly startedAt: string
  /** Pure functions of their input; false (uuid, random) makes verification say "not verifiable". */
  readonly runId: string
}

export type FunctionFamily =
  | 'text'
  | 'number'
  | 'date'
  | 'boolean'
  | 'null'
  | 'contact'
  | 'name'
  | 'identity'
  | 'json'
  | 'own'

export interface FunctionExample {
  readonly in: Value | readonly Value[]
  readonly params?: Readonly<Record<string, unknown>>
  readonly out?: Value
  /** The row error it must give instead, for example `E413`. */
  readonly error?: string
  /** Why this example is worth reading. */
  readonly note?: string
}

/** One transform function: its specification, its documentation and its tests are one object. */
export interface TransformFunction {
  readonly name: string
  readonly family: FunctionFamily
  readonly summary: string
  readonly params: TObject
  /** The parameter that a scalar short form sets: `{ truncate: 50 }` is `{ truncate: { length: 50 } }`. */
  readonly short?: string
  /**
   * How many values it takes. In `apply` the value (or, for `from: [A, B]` at the start, all of them) comes in;
   * as a JSON Logic operator the operands after the values are the parameters in their declared order.
   */
  readonly values: { readonly min: number; readonly max: number }
  /** False where two calls with the same input may differ; where the parameters decide, what they say. Default true. */
  readonly pure: boolean | ((params: Readonly<Record<string, unknown>>) => boolean)
  /**
   * True where nobody knows how long a call takes, as with an expression of the file's: its time is limited. Where the
   * parameters decide, what they say. Default false.
   */
  readonly timed: boolean | ((params: Readonly<Record<string, unknown>>) => boolean)
  /**
   * Milliseconds after which it ends a call itself, unless what calls it is within a time as short: to set a limit takes longer
   * than most calls. Absent where it ends none.
   */
  readonly endsAfter?: (params: Readonly<Record<string, unknown>>) => number | undefined
  /** Null in, null out, without a call. Default true. */
  readonly nullIn: 'null' | 'call'
  readonly examples: readonly FunctionExample[]
  /** Checks and prepares the parameters once, at plan time; the closure it gives runs per row. Throws RowError on a bad value. */
  prepare(params: Readonly<Record<string, unknown>>, context: FunctionContext): (values: readonly Value[]) => Value
}

/** Defines a function that looks at one value; null passes through unless `nullIn: 'call'`. An empty `examples` does not compile. */
export function defineFunction<P extends TProperties>(definition: {
  readonly name: string
  readonly family: FunctionFamily
  readonly summary: string
  readonly params?: P
  readonly short?: keyof P & string
  readonly pure?: TransformFunction['pure']
  readonly timed?: TransformFunction['timed']
  readonly endsAfter?: NonNullable<TransformFunction['endsAfter']>
  readonly nullIn?: 'null' | 'call'
  readonly values?: { readonly min: number; readonly max: number }
  readonly examples: readonly [FunctionExample, ...FunctionExample[]]
  readonly prepare: (params: Static<TObject<P>>, context: FunctionContext) => (values: readonly Value[]) => Value
}): TransformFunction {
  return {
    name: definition.name,
    family: definition.family,
    summary: definition.summary,
    params: Type.Object(definition.params ?? {}, { additionalProperties: false }) as TObject,
    ...(definition.short === undefined ? {} : { short: definition.short }),
    values: definition.values ?? { min: 1, max: 1 },
    pure: definition.pure ?? true,
    timed: definition.timed ?? false,
    ...(definition.endsAfter === undefined ? {} : { endsAfter: definition.endsAfter }),
    nullIn: definition.nullIn ?? 'null',
    examples: definition.examples,
    prepare: definition.prepare as unknown as TransformFunction['prepare'],
  }
}
