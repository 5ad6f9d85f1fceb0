import type { Scalar } from './tree.js'

/** A number as it may stand in a file or a variable without becoming another one: 007, 1e3 and 1.10 stay text in a variable. */
export function retype(text: string): Scalar {
  if (text === 'true') return true
  if (text === 'false') return false
  if (text === 'null') return null
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text
}

/**
 * The number that a plain scalar of the file stands for, or its digits as text where a float would change them:
 * integers past 2^53 and decimals of more than 15 digits.
 */
export function exactNumber(value: number | bigint, source: string): Scalar {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  }
  const digits = /^[-+]?(\d*)\.?(\d*)$/.exec(source)
  if (digits === null) return value
  const significant = `${digits[1] ?? ''}${digits[2] ?? ''}`.replace(/^0+/, '').length
  return significant > 15 ? source.replace(/^\+/, '') : value
}
