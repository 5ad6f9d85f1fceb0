import type { Random } from '../support/random.js'

/** One PostgreSQL database of its own. */
export interface ServerDatabase {
  readonly url: string
  exec(sql: string): Promise<void>
  rows(sql: string): Promise<unknown[][]>
}

/** Where a system is built. */
export interface Place {
  /** Folder of the pipeline file and of files that it reads. */
  readonly dir: string
  readonly random: Random
  /** How many times the rows of the real system. */
  readonly scale: number
  database(): Promise<ServerDatabase>
}

export interface Built {
  /** What the pipeline file takes from the environment. */
  readonly env: Readonly<Record<string, string>>
  /** What the target holds, short: the same for the same rows. */
  state(): Promise<string>
  close?(): Promise<void>
}

/** One of the five real migrations: its source with the dirty data of years, and its empty target. */
export interface System {
  /** Also the name of its file in `pipelines/`. */
  readonly name: string
  /** What the hand-written scripts say they take. */
  readonly claim: string
  /** Flags of `etl run` that the table of all systems uses. Default: none. */
  readonly flags?: readonly string[]
  build(place: Place): Promise<Built>
}
