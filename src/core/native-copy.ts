import type { TableRef } from './catalog.js'

/** Copies a whole database by its own means, and puts such a copy back. */
export interface NativeCopy {
  /** For people: `pg_dump 15.18`. */
  readonly tool: string
  /** What the copy is; it is put back only by what knows it. */
  readonly format: string
  /** Of the file, with its dot. */
  readonly extension: string
  /** A copy of all of it costs no more than one of some tables: the database is a file. */
  readonly always: boolean
  /** What it will take on the disk. Absent: about as much as the tables. */
  readonly bytes?: number
  /**
   * Hands a copy of one state to the sink.
   *
   * @returns how many rows each of the tables has in the copy; undefined where that cannot be told
   */
  copy(sink: CopySink, tables: readonly TableRef[], signal: AbortSignal): Promise<readonly number[] | undefined>
  /** Throws E541 where the file is no whole copy; the database is not touched. */
  check(file: string): Promise<void>
  /**
   * Puts the copy back in place of what is there; in one transaction where the database can. Sessions of this database are
   * closed before, and the database is of no use afterwards: it is opened anew.
   *
   * @param checksum SHA-256 of the file, in hex
   */
  restore(file: string, checksum: string): Promise<void>
}

/** Takes a copy: either as a file that is made at a path, or as a stream. */
export interface CopySink {
  /** Where the file is to be made; it is there already, empty and its owner's only. */
  path(): string
  write(chunks: AsyncIterable<Buffer>): Promise<void>
}
