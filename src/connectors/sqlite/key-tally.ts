import { randomBytes } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { openScratch } from './connection.js'
import { sqliteError } from './errors.js'

/** Keys with who has each, which may be more than memory holds. */
export interface KeyTally {
  /** Who had the key first; undefined: nobody, now it is this one. */
  first(key: string, owner: string): string | undefined
  /** One more has the key; it is the last one's now. */
  note(key: string, owner: string): void
  /** One fewer will have the key: how many are left, and who is the last of all. */
  take(key: string): { readonly left: number; readonly owner: string }
  close(): void
}

/** Keys kept in memory before the tally moves to a file. */
const IN_MEMORY = 100_000
const CACHE_KIB = 16_384

/** @param folder where keys go that memory does not hold; without it the system's folder for temporary files */
export async function openKeyTally(folder: string | undefined, inMemory: number = IN_MEMORY): Promise<KeyTally> {
  const file = folder === undefined ? '' : join(folder, `keys-${randomBytes(6).toString('hex')}.sqlite`)
  const db = await openScratch(file)
  try {
    // A journal of its own file refuses a database without a name; this one stays small, as new pages need none.
    db.exec(`pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -${CACHE_KIB};
      create table keys (key text primary key, owner text not null, n integer not null) without rowid`)
  } catch (error) {
    db.close()
    throw sqliteError(error, { path: file })
  }
  // Without a name it is gone with this process, whichever way that ends.
  if (file !== '') unlinkSync(file)
  return new SpillingTally(db, file, inMemory)
}

class SpillingTally implements KeyTally {
  readonly #db: BetterSqlite3.Database
  readonly #file: string
  readonly #limit: number
  readonly #memory = new Map<string, { n: number; owner: string }>()
  #statements: Statements | undefined

  constructor(db: BetterSqlite3.Database, file: string, limit: number) {
    this.#db = db
    this.#file = file
    this.#limit = limit
  }

  first(key: string, owner: string): string | undefined {
    const known = this.#memory.get(key)
    if (known !== undefined) return known.owner
    if (this.#statements === undefined) {
      this.#remember(key, owner)
      return undefined
    }
    const { insert, find } = this.#statements
    return this.#run(() => (insert.run(key, owner, 1).changes === 1 ? undefined : find.get(key)?.owner))
  }

  note(key: string, owner: string): void {
    const known = this.#memory.get(key)
    if (known !== undefined) {
      known.n++
      known.owner = owner
    } else if (this.#statements === undefined) this.#remember(key, owner)
    else {
      const { count } = this.#statements
      this.#run(() => count.run(key, owner))
    }
  }

  take(key: string): { readonly left: number; readonly owner: string } {
    const known = this.#memory.get(key)
    if (known !== undefined) return { left: --known.n, owner: known.owner }
    const take = this.#statements?.take
    const found = take === undefined ? undefined : this.#run(() => take.get(key))
    return found === undefined ? { left: 0, owner: '' } : { left: found.n, owner: found.owner }
  }

  close(): void {
    this.#memory.clear()
    this.#db.close()
  }

  #remember(key: string, owner: string): void {
    this.#memory.set(key, { n: 1, owner })
    if (this.#memory.size > this.#limit) this.#spill()
  }

  #spill(): void {
    const statements: Statements = {
      insert: this.#db.prepare('insert into keys values (?, ?, ?) on conflict do nothing'),
      find: this.#db.prepare('select owner from keys where key = ?'),
      count: this.#db.prepare(
        'insert into keys values (?, ?, 1) on conflict do update set n = n + 1, owner = excluded.owner',
      ),
      take: this.#db.prepare('update keys set n = n - 1 where key = ? returning n, owner'),
    }
    this.#run(() => {
      this.#db.exec('begin')
      for (const [key, { n, owner }] of this.#memory) statements.insert.run(key, owner, n)
    })
    this.#statements = statements
    this.#memory.clear()
  }

  #run<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw sqliteError(error, { path: this.#file })
    }
  }
}

interface Statements {
  readonly insert: BetterSqlite3.Statement<[string, string, number]>
  readonly find: BetterSqlite3.Statement<[string], { owner: string }>
  readonly count: BetterSqlite3.Statement<[string, string]>
  readonly take: BetterSqlite3.Statement<[string], { n: number; owner: string }>
}
