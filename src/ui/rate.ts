/** A rate smoothed exponentially; `weight` is how much of the average has been seen yet, so that it has no slow start. */
export interface Rate {
  readonly smoothed: number
  readonly weight: number
  /** Active milliseconds and rows of the last sample taken. */
  readonly at: number | undefined
  readonly rows: number
}

export const NO_RATE: Rate = { smoothed: 0, weight: 0, at: undefined, rows: 0 }

const TIME_CONSTANT_MS = 15_000
/** Batches that finish together are one sample: a rate over a millisecond says nothing. */
const SHORTEST_SAMPLE_MS = 200

/** Takes in that `rows` rows were read by `active`; `started` is where the entity began. */
export function sampleRate(
  rate: Rate,
  rows: number,
  active: number,
  started: { readonly active: number; readonly read: number } | undefined,
): Rate {
  const from = rate.at ?? started?.active ?? active
  const before = rate.at === undefined ? (started?.read ?? 0) : rate.rows
  const elapsed = active - from
  if (elapsed < SHORTEST_SAMPLE_MS) return { ...rate, at: from, rows: before }
  const keep = Math.exp(-elapsed / TIME_CONSTANT_MS)
  const current = ((rows - before) * 1000) / elapsed
  return {
    smoothed: rate.smoothed * keep + current * (1 - keep),
    weight: rate.weight * keep + (1 - keep),
    at: active,
    rows,
  }
}

/** Rows per second; undefined before the first sample. Sinks while nothing arrives for longer than a few seconds. */
export function rateAt(rate: Rate, active: number): number | undefined {
  if (rate.weight === 0 || rate.at === undefined) return undefined
  const idle = Math.max(0, active - rate.at - 3000)
  return (rate.smoothed / rate.weight) * Math.exp(-idle / TIME_CONSTANT_MS)
}
