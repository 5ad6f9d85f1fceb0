/**
 * Oracle's NUMBER: an exponent byte and base-100 digits. Its bytes sort as the numbers do, so the storage compares them
 * as they are. Text is in plain notation.
 */
export function encodeNumber(text: string): Buffer {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text)
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) throw new RangeError('not a number')
  const negative = match[1] === '-'
  const whole = match[2] ?? ''
  let digits = whole + (match[3] ?? '')
  let point = whole.length + Number(match[4] ?? 0)
  const leading = /^0*/.exec(digits)?.[0].length ?? 0
  digits = digits.slice(leading).replace(/0+$/, '')
  point -= leading
  if (digits === '') return Buffer.from([0x80])
  if (point % 2 !== 0) {
    digits = `0${digits}`
    point++
  }
  if (digits.length % 2 !== 0) digits += '0'
  const exponent = point / 2
  if (exponent > 63 || exponent < -64) throw new RangeError(exponent > 63 ? 'numeric overflow' : 'numeric underflow')
  const pairs: number[] = []
  for (let i = 0; i < digits.length && pairs.length < 20; i += 2) pairs.push(Number(digits.slice(i, i + 2)))
  while (pairs.at(-1) === 0) pairs.pop()
  if (!negative) return Buffer.from([0xc1 + exponent - 1, ...pairs.map(pair => pair + 1)])
  const bytes = [0xff - (0xc1 + exponent - 1), ...pairs.map(pair => 101 - pair)]
  if (pairs.length < 20) bytes.push(102)
  return Buffer.from(bytes)
}

/** Plain notation without needless zeros, `0.5` with its leading zero. */
export function decodeNumber(bytes: Buffer): string {
  const head = bytes[0] ?? 0x80
  if (head === 0x80) return '0'
  const positive = (head & 0x80) !== 0
  const exponent = (positive ? head : 0xff - head) - 0xc0
  let body = bytes.subarray(1)
  if (!positive && body.at(-1) === 102) body = body.subarray(0, -1)
  const digits = Array.from(body, byte => String(positive ? byte - 1 : 101 - byte).padStart(2, '0')).join('')
  const point = exponent * 2
  const whole = (point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0')).replace(/^0+/, '')
  const fraction = (point < 0 ? '0'.repeat(-point) + digits : digits.slice(point)).replace(/0+$/, '')
  return `${positive ? '' : '-'}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Decimal digits before and after the point, without needless zeros. */
export function digitsOf(bytes: Buffer): { readonly whole: number; readonly fraction: number } {
  const head = bytes[0] ?? 0x80
  if (head === 0x80) return { whole: 0, fraction: 0 }
  const positive = (head & 0x80) !== 0
  const exponent = (positive ? head : 0xff - head) - 0xc0
  const end = !positive && bytes[bytes.length - 1] === 102 ? bytes.length - 1 : bytes.length
  const pair = (i: number): number => (positive ? (bytes[i] as number) - 1 : 101 - (bytes[i] as number))
  return {
    whole: 2 * exponent - (pair(1) < 10 ? 1 : 0),
    fraction: 2 * (end - 1 - exponent) - (pair(end - 1) % 10 === 0 ? 1 : 0),
  }
}

/** How the server turns a number into text: `.5`, `-.05`. */
export function numberText(bytes: Buffer): string {
  return decodeNumber(bytes).replace(/^(-?)0\./, '$1.')
}

/** Order-preserving bytes of a double. */
export function encodeDouble(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(Object.is(value, -0) ? 0 : value)
  return flip(bytes, false)
}

export function decodeDouble(bytes: Buffer): number {
  return flip(Buffer.from(bytes), true).readDoubleBE()
}

export function encodeFloat(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(Object.is(value, -0) ? 0 : value)
  return flip(bytes, false)
}

export function decodeFloat(bytes: Buffer): number {
  return flip(Buffer.from(bytes), true).readFloatBE()
}

/** Positive: the top bit is set. Negative: every bit is inverted. */
function flip(bytes: Buffer, back: boolean): Buffer {
  const negative = ((bytes[0] as number) & 0x80) !== 0 ? !back : back
  if (negative) for (let i = 0; i < bytes.length; i++) bytes[i] = ~(bytes[i] as number) & 0xff
  else bytes[0] = (bytes[0] as number) ^ 0x80
  return bytes
}
