import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'

export interface CastOptions {
  /** Undefined is `fail`: lost precision is an error of the row. */
  readonly onLossy?: 'fail' | 'quarantine' | 'round' | 'truncate'
  /** Can the target's text hold U+0000? */
  readonly nulInText: boolean
  /** The target keeps empty texts and bytes as null. */
  readonly emptyIsNull?: boolean
  /** The source's declared types prove nothing (SQLite): every value is checked. */
  readonly looseSource?: boolean
  /** Called for each loss that `onLossy` allowed. */
  onLoss(): void
}

/** A cast never sees null. */
export type Cast = (value: Value) => Value

/** Where a loss stands, decides what happens: an error, or the way the field allows, counted. */
export interface LossPolicy {
  readonly allowed: 'round' | 'truncate' | undefined
  onLoss(): void
}

export function lossPolicy(options: CastOptions): LossPolicy {
  const { onLossy } = options
  return {
    allowed: onLossy === 'round' || onLossy === 'truncate' ? onLossy : undefined,
    onLoss: () => options.onLoss(),
  }
}

/** The word for what a value is, for messages: never the value. */
function wordFor(value: Value): string {
  if (Buffer.isBuffer(value)) return 'bytes'
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'a boolean' : 'a number'
}

/** E421: this kind of value has no meaning in the target's type. */
export function refused(value: Value, target: string, instead = ''): never {
  throw new RowError('E421', `${wordFor(value)} cannot be converted to ${target}${instead}`)
}

/** What does what the cast of text to bytes, or of bytes to text, does not. */
export const FROM_BASE64 = '; from_base64 reads bytes from text'
export const TO_BASE64 = '; to_base64 makes text of bytes'
