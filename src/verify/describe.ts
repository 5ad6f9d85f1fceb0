import type { LogicalType } from '../core/types.js'

/** In what two texts of a column differ, without telling them. */
export function describeDifference(type: LogicalType, expected: string | null, actual: string | null): string {
  if (expected === null) return `${named(type, actual)} where null should be`
  if (actual === null) return `null where ${named(type, expected)} should be`
  if (expected === '' || actual === '') return `${named(type, actual)} where ${named(type, expected)} should be`
  switch (type.kind) {
    case 'text':
    case 'enum':
    case 'json':
    case 'any':
      return texts(expected, actual)
    case 'bytes':
      return bytes(expected, actual)
    case 'float':
      return Number(expected) === 0 && Number(actual) === 0 ? 'the sign of zero' : 'another number'
    case 'integer':
    case 'decimal':
      return 'another number'
    case 'time':
    case 'timestamp':
      return cut(expected) === cut(actual) ? 'the fraction of the second' : 'another time'
    default:
      return 'another value'
  }
}

function named({ kind }: LogicalType, text: string | null): string {
  if (text === '') return kind === 'bytes' ? 'no bytes' : 'empty text'
  return 'a value'
}

function texts(expected: string, actual: string): string {
  if (expected.trimEnd() === actual.trimEnd()) return 'white space at the end'
  if (expected.toLowerCase() === actual.toLowerCase()) return 'upper and lower case'
  if (expected.length !== actual.length) return `${actual.length} characters where ${expected.length} should be`
  let at = 0
  while (expected[at] === actual[at]) at++
  return `differs from character ${at + 1} of ${expected.length} on`
}

function bytes(expected: string, actual: string): string {
  if (expected.length !== actual.length) return `${actual.length / 2} bytes where ${expected.length / 2} should be`
  let at = 0
  while (expected.slice(at, at + 2) === actual.slice(at, at + 2)) at += 2
  return `differs from byte ${at / 2 + 1} of ${expected.length / 2} on`
}

function cut(text: string): string {
  return text.replace(/(:\d\d)\.\d+/, '$1')
}
