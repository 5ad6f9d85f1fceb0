import type BetterSqlite3 from 'better-sqlite3'
import { EtlError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { sqliteError } from './errors.js'
import { addRowsHash } from './rows-hash.js'
import { logicalType } from './types.js'
import type { Stored } from './values.js'
import { bindValue, valueReader } from './values.js'

/** Everything needed to open one more connection to the same file. */
export interface FileOptions {
  /** Absolute; `:memory:` stands for the empty database that a dry run sees where the file does not exist yet. */
  readonly file: string
  /** As the user wrote it. */
  readonly path: string
  readonly busyTimeout: number
}

export type Statement = BetterSqlite3.Statement<unknown[], Stored[]>

interface Prepared {
  readonly statement: Statement
  readonly readers: readonly ((value: Stored) => Value)[]
}

const CACHED_STATEMENTS = 100
/** Rows mostly come in the order of their key, each page once; what SQLite itself takes by default. */
const READER_CACHE_KIB = 2048
/** Random keys of an index would like more; a batch's own pages stay in any case. */
const WRITER_CACHE_KIB = 8192

/** One handle of the driver with our settings; every error that leaves it is ours. */
export class Connection {
  readonly file: FileOptions
  readonly db: BetterSqlite3.Database
  readonly #prepared = new Map<string, Prepared>()

  private constructor(file: FileOptions, db: BetterSqlite3.Database) {
    this.file = file
    this.db = db
  }

  static async open(file: FileOptions, readOnly: boolean): Promise<Connection> {
    const Driver = await importDriver()
    const memory = file.file === ':memory:'
    try {
      const db = new Driver(file.file, { readonly: readOnly && !memory, timeout: file.busyTimeout })
      try {
        db.defaultSafeIntegers(true)
        db.pragma('trusted_schema = OFF')
        db.pragma('foreign_keys = ON')
        if (readOnly) {
          db.pragma('query_only = ON')
          db.pragma(`cache_size = -${READER_CACHE_KIB}`)
          addRowsHash(db)
        } else {
          db.pragma(`cache_size = -${WRITER_CACHE_KIB}`)
          // A spilling transaction takes the exclusive lock early, and readers of this process could not go on.
          db.pragma('cache_spill = OFF')
        }
        db.pragma('schema_version')
        return new Connection(file, db)
      } catch (error) {
        db.close()
        throw error
      }
    } catch (error) {
      throw sqliteError(error, { path: file.path })
    }
  }

  /** A statement of its own, giving rows as arrays. */
  prepare(sql: string): Statement {
    return this.run(() => {
      const statement = this.db.prepare<unknown[], Stored[]>(sql)
      return statement.reader ? statement.raw(true) : statement
    })
  }

  /** Runs one statement; rows where it gives any. */
  query(sql: string, params: readonly Value[] = []): Value[][] {
    const { statement, readers } = this.#cached(sql)
    return this.run(() => {
      if (!statement.reader) {
        statement.run(...params.map(bindValue))
        return []
      }
      return statement.all(...params.map(bindValue)).map(row => row.map((value, i) => readers[i]?.(value) ?? null))
    })
  }

  /** Runs one statement; the number of rows it changed (or gave). */
  execute(sql: string, params: readonly Value[] = []): number {
    const { statement } = this.#cached(sql)
    return this.run(() => {
      const bound = params.map(bindValue)
      return statement.reader ? statement.all(...bound).length : statement.run(...bound).changes
    })
  }

  run<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw sqliteError(error, { path: this.file.path })
    }
  }

  close(): void {
    this.#prepared.clear()
    this.db.close()
  }

  #cached(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.prepare(sql)
    const columns = statement.reader ? statement.columns() : []
    const prepared = { statement, readers: columns.map(column => valueReader(logicalType(column.type ?? ''), false)) }
    if (this.#prepared.size >= CACHED_STATEMENTS) this.#prepared.clear()
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

export async function importDriver(): Promise<typeof BetterSqlite3> {
  try {
    const Driver = (await import('better-sqlite3')).default
    // Its compiled half is loaded only with the first database; npm may not have built it.
    new Driver(':memory:').close()
    return Driver
  } catch (cause) {
    throw new EtlError('E310', 'the SQLite driver cannot be loaded', {
      kind: 'connection',
      hint: 'run `npm rebuild better-sqlite3`; where npm keeps packages from building, install it with `npm install --allow-scripts=better-sqlite3`',
      cause,
    })
  }
}

/** For sets of keys: the same driver; without a file a private one of the system. */
export async function openScratch(file = ''): Promise<BetterSqlite3.Database> {
  const Driver = await importDriver()
  return new Driver(file)
}
