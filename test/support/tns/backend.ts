import type { Verifier } from './auth.js'
import type { OraError } from './ora-error.js'
import type { OraType, Stored } from './ora-type.js'

/** What stands behind the wire. Everything is asynchronous, so that another database can take its place. */
export interface SqlBackend {
  /** The login's password and how it is kept; undefined for an unknown user. */
  login(user: string): { readonly password: string; readonly verifier: Verifier } | undefined
  open(user: string): Promise<BackendSession>
  close(): Promise<void>
}

export interface OutputColumn {
  readonly name: string
  readonly type: OraType
  readonly nullable: boolean
}

export interface Statement {
  readonly kind: 'query' | 'dml' | 'other'
  /** A query's columns. */
  readonly columns: readonly OutputColumn[]
  /** Number of bind variables after `returning … into`, which are the last ones. */
  readonly returning: number
}

export interface ExecuteOptions {
  /** Bad rows are reported and skipped; without it the first one ends the statement, the rows before it stay. */
  readonly batchErrors: boolean
  readonly signal: AbortSignal
}

export interface ExecuteResult {
  /** A query's rows, all of them: statement-level consistency for free. */
  readonly rows: readonly (readonly Stored[])[]
  /** Changed rows of every iteration. */
  readonly counts: readonly number[]
  /** What `returning` gave, for every iteration: its rows. */
  readonly returned: readonly (readonly (readonly Stored[])[])[]
  readonly errors: readonly { readonly offset: number; readonly error: OraError }[]
  /** Ended the statement after `counts`. */
  readonly failure?: OraError
}

export interface BackendSession {
  readonly inTransaction: boolean
  /** Parses and translates; refuses what it does not understand. */
  prepare(sql: string, binds: readonly OraType[]): Promise<Statement>
  execute(
    statement: Statement,
    iterations: readonly (readonly Stored[])[],
    options: ExecuteOptions,
  ): Promise<ExecuteResult>
  commit(): Promise<void>
  rollback(): Promise<void>
  /** Rolls back and frees what the session holds. */
  close(): Promise<void>
}
