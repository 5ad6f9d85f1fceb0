import type { ConnectionConfig } from './connector.js'

export interface ScratchOptions {
  /** What it is called: letters, digits and `_`, and nothing there has this name. */
  readonly name: string
  /** An absolute folder that is there, for files. */
  readonly dir: string
  /** Folder of the pipeline file. */
  readonly baseDir: string
  readonly applicationName: string
}

/** The tables of a database's default schema once more, with their keys and constraints and without rows, beside it. */
export interface Scratch {
  /** The block that leads there, in place of the one it was made of. */
  readonly config: ConnectionConfig
  /** For people: `schema etl_sample_3f2a`. */
  readonly label: string
  /** Nothing that is run there can reach the rest of the database, whatever names it uses. */
  readonly apart: boolean
  /** What of the database it lacks, for people: `trigger orders_audit`. */
  readonly lacks: readonly string[]
  /** Removes it and whatever is in it. */
  drop(): Promise<void>
}
