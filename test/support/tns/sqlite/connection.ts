import type Database from 'better-sqlite3'
import Driver from 'better-sqlite3'
import Big from 'big.js'
import { notUnderstood, OraError } from '../ora-error.js'
import { encodeZoned } from '../oracle-date.js'
import { decodeNumber, encodeNumber } from '../oracle-number.js'
import { Catalog } from './catalog.js'
import { DICTIONARY } from './dictionary.js'
import { FUNCTIONS, NULLS, type SqlFunction } from './functions.js'

/** What functions of a session look at. */
export interface SessionState {
  readonly user: string
  readonly database: string
  schema: string
  timeZone: string
  currval: Map<string, bigint>
  /** The system change number, kept readable from now on. */
  scn(): number
}

/** A connection to the storage file with everything the translated SQL calls. */
export function connect(file: string, catalog: Catalog, state: SessionState): Database.Database {
  const db = new Driver(file, { timeout: 0 })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  db.pragma('foreign_keys = ON')
  for (const [name, body] of Object.entries(FUNCTIONS)) {
    db.function(name, { varargs: true, deterministic: true }, nullSafe(name, body))
  }
  aggregates(db)
  db.function('x_now', () => now())
  db.function('x_scn', () => encodeNumber(String(state.scn())))
  db.function('x_rowid', (rowid: unknown) => `AAATEST${String(rowid).padStart(11, '0')}`)
  db.function('x_context', (space: unknown, name: unknown) => context(String(space), String(name), state))
  db.function('x_nextval', (owner: unknown, name: unknown) => {
    const sequence = catalog.sequences.get(Catalog.key(String(owner), String(name)))
    if (sequence === undefined) throw new OraError(2289, 'sequence does not exist')
    const given = sequence.next++
    state.currval.set(String(name), given)
    return encodeNumber(String(given))
  })
  db.function('x_currval', (_owner: unknown, name: unknown) => {
    const value = state.currval.get(String(name))
    if (value === undefined) throw new OraError(8002, `sequence ${name}.CURRVAL is not yet defined in this session`)
    return encodeNumber(String(value))
  })
  for (const view of new Set(DICTIONARY.values())) {
    db.table(view.physical, {
      columns: view.columns.map((_, i) => `c${i + 1}`),
      *rows() {
        for (const row of view.rows(catalog, state.user, state.scn))
          yield row.map(cell => (typeof cell === 'number' ? encodeNumber(String(cell)) : cell))
      },
    })
  }
  return db
}

type Argument = Parameters<SqlFunction>[0]

function nullSafe(name: string, body: SqlFunction): (...args: unknown[]) => unknown {
  if (NULLS.has(name)) return (...args) => body(...(args as Argument[]))
  return (...args) => (args.some(arg => arg === null) ? null : body(...(args as Argument[])))
}

function aggregates(db: Database.Database): void {
  type Sum = { total: Big; count: number }
  const step = (sum: Sum, value: unknown): Sum =>
    value === null ? sum : { total: sum.total.plus(decodeNumber(value as Buffer)), count: sum.count + 1 }
  const make = (name: string, result: (sum: Sum) => Big): void => {
    db.aggregate<Sum>(name, {
      start: () => ({ total: new Big(0), count: 0 }),
      step: (sum: Sum, value: unknown) => step(sum, value),
      result: sum => (sum.count === 0 ? null : encodeNumber(result(sum).toFixed())),
    })
  }
  make('n_sum', sum => sum.total)
  make('n_avg', sum => sum.total.div(sum.count))
}

function now(): Buffer {
  const date = new Date()
  return encodeZoned({
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanos: date.getUTCMilliseconds() * 1_000_000,
    offset: 0,
  })
}

function context(space: string, name: string, state: SessionState): string {
  if (space.toUpperCase() !== 'USERENV') throw notUnderstood(`SYS_CONTEXT of ${space}`)
  switch (name.toUpperCase()) {
    case 'CURRENT_SCHEMA':
      return state.schema
    case 'SESSION_USER':
    case 'CURRENT_USER':
      return state.user
    case 'TIME_ZONE':
      return state.timeZone
    case 'DB_NAME':
    case 'DB_UNIQUE_NAME':
    case 'CON_NAME':
      return state.database
    case 'INSTANCE_NAME':
      return 'testdb'
    case 'SERVER_HOST':
      return 'localhost'
    case 'SERVICE_NAME':
      return 'testpdb'
    case 'SID':
      return '1'
  }
  throw new OraError(2003, 'invalid USERENV parameter')
}
