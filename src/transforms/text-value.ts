import Big from 'big.js'
import { RowError } from '../core/errors.js'
import { textOfNumber } from '../core/number-text.js'
import type { Value } from '../core/row.js'

/** A value as text: numbers in plain notation without an exponent, booleans as words. Bytes are no text: E413. */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  throw new RowError('E413', value === null || value === undefined ? 'there is no value' : 'bytes are not text')
}

/** The shortest decimal text that reads back as the same number, never with an exponent. */
export function numberText(value: number): string {
  const text = textOfNumber(value)
  return text.includes('e') ? new Big(text).toFixed() : text
}

/** Characters as a database counts them: code points. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--
  return count
}

/** Index of the unit after the first `count` code points. */
export function codePointIndex(text: string, count: number): number {
  let index = 0
  for (let seen = 0; seen < count && index < text.length; seen++)
    index += (text.charCodeAt(index) & 0xfc00) === 0xd800 ? 2 : 1
  return Math.min(index, text.length)
}
