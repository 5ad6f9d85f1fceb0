import type { ConnectionConfig } from '../../src/core/connector.js'

/** A kind of database the conformance suites run over; each file of this folder but this one exports one as `database`. */
export interface TestDatabase {
  readonly name: string
  /**
   * A fresh, empty place of its own for one test file.
   *
   * @param login whom the product logs in as where the tests run with the least rights; `owner` for what these do not allow, as the page says
   */
  create(testId: string, login?: 'owner'): Promise<TestSchema>
}

export interface TestSchema {
  readonly config: ConnectionConfig
  readonly baseDir: string
  /** Runs DDL or DML; several statements separated by `;` are fine. */
  exec(sql: string): Promise<void>
  /** The shared SQL in the database's own words, for what a test hands to the connector itself. Absent: the same. */
  sql?(text: string): string
  /** Rows as the plain driver gives them: for looking at a result without the connector under test. */
  rows(sql: string): Promise<unknown[][]>
  drop(): Promise<void>
}

/** A kind of files that a target writes and a source reads; there is no SQL, and no table but what is written. */
export interface TestFiles {
  readonly name: string
  create(testId: string): Promise<TestFolder>
}

export interface TestFolder {
  readonly target: ConnectionConfig
  readonly source: ConnectionConfig
  readonly baseDir: string
  /** What a source calls the file of a table. */
  fileOf(table: string): string
  drop(): Promise<void>
}
