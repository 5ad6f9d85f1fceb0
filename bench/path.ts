import type { Bench } from './bench.js'
import type { Measured } from './measure.js'

/** One way from a source to a target, and the limit it is measured against. */
export interface Path {
  /** As it is named on the command line. */
  readonly name: string
  /** What `limit` runs, for people. */
  readonly limit: string
  /** What `limit` needs and few machines have; without it the path is left out. */
  readonly program?: string
  /** The largest ratio of the medians, ours to the limit. */
  readonly goal: number
  /** Makes what does not change between rounds. */
  prepare(bench: Bench): Promise<Round>
}

/** What one round runs, taking turns. */
export interface Round {
  /** Called before each of the runs. */
  fresh(): Promise<void>
  limit(): Promise<Measured>
  ours(): Promise<Measured>
  /** The same in another way, shown beside it. */
  readonly also?: Readonly<Record<string, () => Promise<Measured>>>
}
