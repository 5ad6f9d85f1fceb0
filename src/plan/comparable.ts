import type { Value } from '../core/row.js'
import { keyText } from '../core/row.js'
import { usable } from '../transforms/expression.js'
import type { ReadPlan } from './plan.js'

/** One text for the values of a frame at some places: equal values give equal texts, and two nulls are equal. */
export function compileComparable(indexes: readonly number[], read: ReadPlan): (frame: readonly unknown[]) => string {
  const parts = indexes.map(index => {
    const kind = read.columns[index]?.type.kind
    if (kind === 'decimal') return (frame: readonly unknown[]) => decimal(frame[index] as Value)
    if (kind === 'time' || kind === 'timestamp') return (frame: readonly unknown[]) => temporal(frame[index] as Value)
    // A `let` may give anything.
    return kind === undefined
      ? (frame: readonly unknown[]) => usable(frame[index], { json: true })
      : (frame: readonly unknown[]) => frame[index] as Value
  })
  return frame => keyText(parts.map(part => part(frame) ?? null))
}

/** `1.50` and `1.5` are one number. */
function decimal(value: Value): Value {
  if (typeof value !== 'string' || !value.includes('.')) return value
  const short = value.replace(/\.?0+$/, '')
  return short === '-0' ? '0' : short
}

/** A space stands for the `T`, and a fraction may end in zeros. */
function temporal(value: Value): Value {
  if (typeof value !== 'string') return value
  return value
    .replace(' ', 'T')
    .replace(/(\.\d*?)0+(?=$|Z|[+-])/, '$1')
    .replace(/\.(?=$|Z|[+-])/, '')
}
