import type { VerifySpec } from '../spec/model.js'
import { optional } from './expand-parts.js'
import { record } from './shape.js'

const SAMPLE_ROWS = 10_000

export function expandVerify(raw: unknown): VerifySpec {
  const { level, sample, allow } = record(typeof raw === 'string' ? { level: raw } : raw)
  const rules = record(allow)
  return {
    level: raw === undefined ? 'none' : ((level ?? 'full') as VerifySpec['level']),
    sample: Number(sample ?? SAMPLE_ROWS),
    allow: {
      emptyIsNull: rules.empty_is_null === true,
      charPad: rules.char_pad === true,
      zeroSign: rules.zero_sign === true,
      floatUlp: Number(rules.float_ulp ?? 0),
      ...optional('tsPrecision', rules.ts_precision as number | undefined),
    },
  }
}
