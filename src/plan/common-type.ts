import type { LogicalType } from '../core/types.js'

/**
 * The type that holds every value of both; undefined where there is none. `any` takes everything: what has no declared
 * type says itself what it is.
 */
export function commonType(a: LogicalType, b: LogicalType): LogicalType | undefined {
  if (a.kind === 'any' || b.kind === 'any') return { kind: 'any' }
  switch (a.kind) {
    case 'integer':
      if (b.kind === 'integer') return commonInteger(a, b)
      return b.kind === 'decimal' ? commonDecimal(asDecimal(a), b) : undefined
    case 'decimal':
      if (b.kind === 'decimal') return commonDecimal(a, b)
      return b.kind === 'integer' ? commonDecimal(a, asDecimal(b)) : undefined
    case 'float':
      if (b.kind !== 'float') return undefined
      return a.bits === 64 ? a : b
    case 'enum':
      if (b.kind === 'enum' && a.labels.join('\0') === b.labels.join('\0')) return a
      return b.kind === 'enum' || b.kind === 'text' ? { kind: 'text' } : undefined
    case 'text': {
      if (b.kind !== 'text') return b.kind === 'enum' ? { kind: 'text' } : undefined
      if (a.length === undefined || b.length === undefined) return { kind: 'text' }
      const fixed = a.fixed === true && b.fixed === true && a.length === b.length
      return { kind: 'text', length: Math.max(a.length, b.length), ...(fixed ? { fixed } : {}) }
    }
    case 'bytes': {
      if (b.kind !== 'bytes') return undefined
      return a.length === undefined || b.length === undefined
        ? { kind: 'bytes' }
        : { kind: 'bytes', length: Math.max(a.length, b.length) }
    }
    case 'time':
      return b.kind === 'time' ? { kind: 'time', ...finer(a.precision, b.precision) } : undefined
    case 'timestamp':
      return b.kind === 'timestamp' && a.zoned === b.zoned
        ? { kind: 'timestamp', zoned: a.zoned, ...finer(a.precision, b.precision) }
        : undefined
    case 'other':
      return b.kind === 'other' && a.native === b.native ? a : undefined
    default:
      return a.kind === b.kind ? a : undefined
  }
}

type Integer = Extract<LogicalType, { kind: 'integer' }>
type Decimal = Extract<LogicalType, { kind: 'decimal' }>

function commonInteger(a: Integer, b: Integer): LogicalType {
  const [unsignedA, unsignedB] = [a.unsigned === true, b.unsigned === true]
  if (unsignedA === unsignedB) return a.bits >= b.bits ? a : b
  const [unsigned, signed] = unsignedA ? [a, b] : [b, a]
  const wide = ([8, 16, 24, 32, 64] as const).find(bits => bits > unsigned.bits && bits >= signed.bits)
  return wide === undefined ? { kind: 'decimal', precision: 20, scale: 0 } : { kind: 'integer', bits: wide }
}

function asDecimal(type: Integer): Decimal {
  const digits = { 8: 3, 16: 5, 24: 8, 32: 10, 64: 20 }[type.bits]
  return { kind: 'decimal', precision: digits, scale: 0 }
}

function commonDecimal(a: Decimal, b: Decimal): LogicalType {
  if (a.precision === undefined || b.precision === undefined) return { kind: 'decimal' }
  const scale = Math.max(a.scale ?? 0, b.scale ?? 0)
  const whole = Math.max(a.precision - (a.scale ?? 0), b.precision - (b.scale ?? 0))
  return { kind: 'decimal', precision: whole + scale, scale }
}

function finer(a: number | undefined, b: number | undefined): { readonly precision?: number } {
  return a === undefined || b === undefined ? {} : { precision: Math.max(a, b) }
}
