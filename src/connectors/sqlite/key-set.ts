import type BetterSqlite3 from 'better-sqlite3'
import { openScratch } from './connection.js'

/** A set of texts that may be larger than memory. */
export interface KeySet {
  /** True when the key was not there. */
  addNew(key: string): boolean
  has(key: string): boolean
  close(): void
}

/** Keys kept in memory before the set moves to a temporary file. */
const IN_MEMORY = 200_000

/**
 * Opens an empty set. Past `inMemory` keys (default 200,000) it goes on in a private temporary database that the
 * operating system deletes when this process ends, whichever way.
 */
export async function openKeySet(inMemory: number = IN_MEMORY): Promise<KeySet> {
  const db = await openScratch()
  return new SpillingSet(db, inMemory)
}

class SpillingSet implements KeySet {
  readonly #db: BetterSqlite3.Database
  readonly #limit: number
  readonly #memory = new Set<string>()
  #insert: BetterSqlite3.Statement<[string]> | undefined
  #find: BetterSqlite3.Statement<[string]> | undefined

  constructor(db: BetterSqlite3.Database, limit: number) {
    this.#db = db
    this.#limit = limit
  }

  addNew(key: string): boolean {
    if (this.#insert !== undefined) return this.#insert.run(key).changes === 1
    if (this.#memory.has(key)) return false
    this.#memory.add(key)
    if (this.#memory.size > this.#limit) this.#spill()
    return true
  }

  has(key: string): boolean {
    return this.#find === undefined ? this.#memory.has(key) : this.#find.get(key) !== undefined
  }

  close(): void {
    this.#memory.clear()
    this.#db.close()
  }

  #spill(): void {
    this.#db.pragma('journal_mode = OFF')
    this.#db.pragma('synchronous = OFF')
    this.#db.exec('create table keys (key text primary key) without rowid; begin')
    this.#insert = this.#db.prepare('insert into keys values (?) on conflict do nothing')
    this.#find = this.#db.prepare('select 1 from keys where key = ?')
    for (const key of this.#memory) this.#insert.run(key)
    this.#memory.clear()
  }
}
