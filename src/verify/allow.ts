import type { LogicalType } from '../core/types.js'
import type { VerifyAllowed } from '../spec/model.js'
import { normalJson } from './json.js'

/** The rule by which two different texts of a column are the same value; undefined where they are not. */
export function allowedBy(
  type: LogicalType,
  expected: string | null,
  actual: string | null,
  allow: VerifyAllowed,
): string | undefined {
  if (expected === null || actual === null) {
    const empty = (expected ?? actual) === '' && (type.kind === 'text' || type.kind === 'bytes' || type.kind === 'any')
    return empty && allow.emptyIsNull ? 'empty_is_null' : undefined
  }
  switch (type.kind) {
    // Which spaces and which order of keys a server keeps is its own; what it says is not.
    case 'json': {
      const normal = normalJson(expected)
      return normal !== undefined && normal === normalJson(actual) ? 'json_form' : undefined
    }
    case 'text':
      return allow.charPad && expected.replace(/ +$/, '') === actual.replace(/ +$/, '') ? 'char_pad' : undefined
    case 'float': {
      const [a, b] = [Number(expected), Number(actual)]
      if (a === 0 && b === 0) return allow.zeroSign ? 'zero_sign' : undefined
      return allow.floatUlp > 0 && apart(a, b, type.bits) <= allow.floatUlp ? 'float_ulp' : undefined
    }
    case 'time':
    case 'timestamp':
      return allow.tsPrecision !== undefined && sameTo(expected, actual, allow.tsPrecision) ? 'ts_precision' : undefined
    default:
      return undefined
  }
}

/** How many representable numbers lie between two, the last one counted. */
function apart(a: number, b: number, bits: 32 | 64): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY
  const place = (value: number): bigint => {
    const view = new DataView(new ArrayBuffer(8))
    if (bits === 32) view.setFloat32(0, value)
    else view.setFloat64(0, value)
    const raw = bits === 32 ? BigInt(view.getInt32(0)) : view.getBigInt64(0)
    // Negative floats count away from zero; this makes the line straight.
    return raw < 0n ? -(raw + 2n ** BigInt(bits - 1)) : raw
  }
  const distance = place(a) - place(b)
  return Number(distance < 0n ? -distance : distance)
}

const CLOCK = /^(.*\d\d:\d\d):(\d\d)(?:\.(\d+))?(Z?)$/

/** Do two moments agree in so many digits of the second, whether cut or rounded? */
function sameTo(a: string, b: string, digits: number): boolean {
  const [left, right] = [CLOCK.exec(a), CLOCK.exec(b)]
  if (left === null || right === null || left[4] !== right[4]) return false
  const unit = 10n ** BigInt(9 - digits)
  const distance = nanoseconds(left) - nanoseconds(right)
  return distance > -unit && distance < unit
}

/** Of a clock on its day, or since a day long ago. */
function nanoseconds([, upToMinute = '', seconds = '', fraction = '']: RegExpExecArray): bigint {
  const text =
    upToMinute.length > 5 ? `${upToMinute.replace(' ', 'T')}:${seconds}Z` : `1970-01-01T${upToMinute}:${seconds}Z`
  const milliseconds = Date.parse(text)
  // What is no moment of the calendar is near nothing.
  if (Number.isNaN(milliseconds)) return BigInt(upToMinute.length) * 10n ** 30n
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9))
}
