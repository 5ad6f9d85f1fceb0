import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import type { Verifier } from '../auth.js'
import type { BackendSession, SqlBackend } from '../backend.js'
import { OraError } from '../ora-error.js'
import { Catalog } from './catalog.js'
import { connect, type SessionState } from './connection.js'
import { RowLocks, WriterTurn } from './locks.js'
import { SqliteSession } from './session.js'

export interface User {
  readonly password: string
  readonly verifier?: Verifier
}

const KEPT_SNAPSHOTS = 16

/** The database behind the wire: one SQLite file, one connection a session. */
export class SqliteBackend implements SqlBackend {
  readonly catalog = new Catalog()
  readonly writer = new WriterTurn()
  readonly rows = new RowLocks()
  readonly file: string
  /** What the database calls itself; no two are the same. */
  readonly name = `T${randomBytes(6).toString('hex').toUpperCase()}`
  readonly #folder: string
  readonly #users: Readonly<Record<string, User>>
  readonly #snapshots = new Map<number, Database.Database>()
  #scn = 1_000_000

  /** @param users by their stored, mostly upper-case name */
  constructor(users: Readonly<Record<string, User>>) {
    this.#users = users
    this.#folder = mkdtempSync(join(tmpdir(), 'tns-'))
    this.file = join(this.#folder, 'data.sqlite')
  }

  login(user: string): { readonly password: string; readonly verifier: Verifier } | undefined {
    const known = this.#users[user]
    return known === undefined ? undefined : { password: known.password, verifier: known.verifier ?? '12c' }
  }

  async open(user: string): Promise<BackendSession> {
    return new SqliteSession(this, user)
  }

  committed(): void {
    this.#scn++
  }

  /** The present system change number; the data as it is now stays readable under it. */
  pin(): number {
    if (!this.#snapshots.has(this.#scn)) {
      const state: SessionState = {
        user: '',
        database: this.name,
        schema: '',
        timeZone: '+00:00',
        currval: new Map(),
        scn: () => this.#scn,
      }
      const db = connect(this.file, this.catalog, state)
      db.exec('BEGIN')
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
      this.#snapshots.set(this.#scn, db)
      const oldest = this.#snapshots.keys().next().value
      if (this.#snapshots.size > KEPT_SNAPSHOTS && oldest !== undefined) this.forget(oldest)
    }
    return this.#scn
  }

  /** As undo does when it is needed for something else. */
  forget(scn: number): void {
    this.#snapshots.get(scn)?.close()
    this.#snapshots.delete(scn)
  }

  snapshot(scn: number): Database.Database {
    const db = this.#snapshots.get(scn)
    if (db === undefined) throw new OraError(1555, 'snapshot too old: rollback segment number with name "" too small')
    return db
  }

  async close(): Promise<void> {
    for (const db of this.#snapshots.values()) db.close()
    this.#snapshots.clear()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
