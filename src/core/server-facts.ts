/** The npm package that speaks with a database. */
export interface Driver {
  readonly name: string
  /** Imports it; throws E310 where that does not work. */
  load(): Promise<unknown>
}

/** What helps a person to see why something is slow or off by hours. */
export interface ServerFacts {
  /** Its clock, in milliseconds since 1970. Absent where it has none but this machine's. */
  readonly now?: number
  /** The zone of its own clock. Sessions of a run use UTC whatever it is. */
  readonly timeZone?: string
  /** The fastest way that rows can go in now. */
  readonly bulk: string
  /** How a faster one is opened; absent where there is none. */
  readonly bulkHint?: string
}
