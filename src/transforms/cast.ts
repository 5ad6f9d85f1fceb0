import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'

export interface CastOptions {
  /** Undefined is `fail`: lost precision is an error of the row. */
  readonly onLossy?: 'fail' | 'quarantine' | 'round' | 'truncate'
  /** Can the target's text hold U+0000? */
  readonly nulInText: boolean
  /** The source's declared types prove nothing (SQLite): every value is checked. */
  readonly looseSource?: boolean
  /** Called for each loss that `onLossy` allowed. */
  onLoss(): void
}

/** The cast of one column's values, never called with null; undefined where there is provably nothing to do. */
export function compileCast(
  _from: LogicalType,
  _to: LogicalType,
  _options: CastOptions,
): ((value: Value) => Value) | undefined {
  return undefined
}

/** What a cast between two types can do to the values. */
export function conversionRisk(
  _from: LogicalType,
  _to: LogicalType,
): { readonly risk: 'lossless' | 'checked' | 'lossy'; readonly note?: string } {
  return { risk: 'checked' }
}
