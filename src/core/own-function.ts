import type { Value } from './row.js'

/** What a value of a function of one's own may be. Null is always allowed where the function sees it. */
export type OwnType =
  | 'any'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'decimal'
  | 'text'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'json'
  | 'bytes'

/**
 * A function of the user's own, as a module exports it. Values are what `etl schema --types` says: decimals, dates and
 * times are text, whole numbers beyond 2^53 are bigint.
 *
 * @example
 * ```js
 * /** @type {import('etl-runner').OwnFunction} *\/
 * export const plate = {
 *   summary: 'A number plate in upper case, without spaces.',
 *   arguments: ['text'],
 *   result: 'text',
 *   examples: [{ in: 'ab 12', out: 'AB12' }],
 *   call: text => text.replaceAll(' ', '').toUpperCase(),
 * }
 * ```
 */
export interface OwnFunction {
  readonly summary?: string
  /** One type for each value. */
  readonly arguments: readonly OwnType[]
  readonly result: OwnType
  /** False where the same values may give another result: it is then not verifiable. Default true. */
  readonly pure?: boolean
  /** `call`: it is called with null too. Default `null`: null in, null out. */
  readonly nullIn?: 'null' | 'call'
  /** Milliseconds for one call. Default 5000. */
  readonly timeout?: number
  /** Checked whenever a file that uses the function is loaded; at least one. `in` is a list where there are several arguments. */
  readonly examples: readonly (
    | { readonly in: Value | readonly Value[]; readonly out: Value }
    | { readonly in: Value | readonly Value[]; readonly error: true }
  )[]
  /** Gives the result, or throws where there is none. */
  call(...values: never[]): Value
}

export const OWN_TYPES: readonly OwnType[] = [
  'any',
  'boolean',
  'integer',
  'number',
  'decimal',
  'text',
  'date',
  'time',
  'timestamp',
  'json',
  'bytes',
]
