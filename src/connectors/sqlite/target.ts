import { formatTable } from '../../core/catalog.js'
import type { Payload, TableWriter, WriteResult, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { placeholders, quoteName, quoteNames, quoteTable } from '../../core/sql.js'
import type { Connection, Statement } from './connection.js'
import { dialect } from './dialect.js'
import type { EncodedRows } from './encoder.js'
import { sqliteError } from './errors.js'
import { eachRow } from './flat-rows.js'
import type { Bound } from './values.js'
import { narrow } from './values.js'

type Outcome = 'inserted' | 'updated' | 'skipped' | 'missing'
type RowWriter = (row: readonly Bound[]) => Outcome

/**
 * Prepares the statements of a mode. Rows are written one by one, which is SQLite's bulk path inside a transaction,
 * so every outcome is known exactly.
 */
export function createWriter(connection: Connection, spec: WriteSpec, primaryKey: readonly string[]): TableWriter {
  const statements = new RowStatements(connection, spec)
  const writeRow = statements.writer()
  const keyOf = spec.returning === undefined ? undefined : statements.keyReader(spec.returning.name)
  const table = formatTable(spec.table)
  const columns = [...spec.columns.map(column => column.name), ...(spec.returning ? [spec.returning.name] : [])]
  const keys = spec.mode === 'insert' ? [primaryKey, spec.match].filter(key => key.length > 0) : []
  return {
    write: (payload, from, to) => {
      try {
        return Promise.resolve(writeRange(payload, from, to))
      } catch (error) {
        return Promise.reject(error)
      }
    },
    close: () => Promise.resolve(),
  }

  function writeRange(payload: Payload, from: number, to: number): WriteResult {
    const rows = payload.data as EncodedRows
    const fault = rows.faults.find(candidate => candidate.row >= from && candidate.row < to)
    if (fault !== undefined) {
      throw new EtlError(fault.code, `${fault.column} of ${table}: ${fault.message}`, {
        kind: 'row',
        row: fault.row,
        column: fault.column,
        where: connection.file.path,
      })
    }
    const counts = { inserted: 0, updated: 0, skipped: 0, missing: 0 }
    const missing: number[] = []
    const generated: Value[] = []
    let row = from
    try {
      eachRow(rows, from, to, values => {
        const outcome = writeRow(values)
        counts[outcome]++
        if (outcome === 'missing') missing.push(row)
        if (keyOf !== undefined) generated.push(keyOf(values, outcome))
        row++
      })
    } catch (error) {
      throw sqliteError(error, { path: connection.file.path, table, columns, row, keys })
    }
    const { inserted, updated, skipped } = counts
    return { inserted, updated, skipped, missing, ...(keyOf === undefined ? {} : { keys: generated }) }
  }
}

class RowStatements {
  readonly #connection: Connection
  readonly #spec: WriteSpec
  readonly #table: string
  readonly #names: readonly string[]
  readonly #matchIndexes: readonly number[]
  #lastKey: bigint | number = 0n

  constructor(connection: Connection, spec: WriteSpec) {
    this.#connection = connection
    this.#spec = spec
    this.#table = quoteTable(dialect, spec.table)
    this.#names = spec.columns.map(column => column.name)
    this.#matchIndexes = spec.match.map(name => this.#names.indexOf(name))
    if (this.#matchIndexes.includes(-1)) throw new EtlError('E901', 'a match column is not written')
  }

  writer(): RowWriter {
    switch (this.#spec.mode) {
      case 'insert':
        return this.#insert('')
      case 'ignore':
        return this.#spec.unkeyed ? this.#insertAbsent() : this.#insert(this.#onConflict())
      case 'upsert': {
        // Two statements instead of `do update`: only so is it known which of the two happened.
        const insert = this.#insert(this.#onConflict())
        const update = this.#update('skipped')
        return row => (insert(row) === 'inserted' ? 'inserted' : update(row))
      }
      case 'update':
        return this.#update('updated')
    }
  }

  /** The generated key of a row just written: of the new row, or of the one that was there. */
  keyReader(key: string): (row: readonly Bound[], outcome: Outcome) => Value {
    const existing =
      this.#spec.mode === 'insert'
        ? undefined
        : this.#prepare(`select ${quoteName(dialect, key)} from ${this.#table} where ${this.#whereMatch()}`)
    return (row, outcome) => {
      if (outcome === 'inserted') return narrow(BigInt(this.#lastKey))
      return narrow(existing?.get(...this.#matchIndexes.map(index => row[index]))?.[0] ?? null)
    }
  }

  #insert(suffix: string): RowWriter {
    const columns =
      this.#names.length === 0
        ? 'default values'
        : `(${quoteNames(dialect, this.#names)}) values (${placeholders(dialect, this.#names.length)})`
    const statement = this.#prepare(`insert into ${this.#table} ${columns}${suffix}`)
    return row => {
      // As arguments: the driver looks each value of an array up through the runtime.
      const { changes, lastInsertRowid } = statement.run(...row)
      this.#lastKey = lastInsertRowid
      return changes === 0 ? 'skipped' : 'inserted'
    }
  }

  #insertAbsent(): RowWriter {
    const find = this.#prepare(`select 1 from ${this.#table} where ${this.#whereMatch()} limit 1`)
    const insert = this.#insert('')
    return row => (find.get(...this.#matchIndexes.map(index => row[index])) === undefined ? insert(row) : 'skipped')
  }

  #onConflict(): string {
    return ` on conflict (${quoteNames(dialect, this.#spec.match)}) do nothing`
  }

  /** @param nothing what it is called when the row exists and there is no column to set */
  #update(nothing: 'skipped' | 'updated'): RowWriter {
    const rest = this.#names.map((_, index) => index).filter(index => !this.#matchIndexes.includes(index))
    if (rest.length === 0) {
      const find = this.#prepare(`select 1 from ${this.#table} where ${this.#whereMatch()} limit 1`)
      return row => (find.get(...this.#matchIndexes.map(index => row[index])) === undefined ? 'missing' : nothing)
    }
    const set = rest.map(index => `${quoteName(dialect, this.#names[index] as string)} = ?`).join(', ')
    const statement = this.#prepare(`update ${this.#table} set ${set} where ${this.#whereMatch()}`)
    const order = [...rest, ...this.#matchIndexes]
    return row => (statement.run(...order.map(index => row[index])).changes === 0 ? 'missing' : 'updated')
  }

  #whereMatch(): string {
    return this.#spec.match.map(name => `${quoteName(dialect, name)} = ?`).join(' and ')
  }

  #prepare(sql: string): Statement {
    try {
      return this.#connection.prepare(sql)
    } catch (error) {
      if (error instanceof EtlError && error.message.startsWith('ON CONFLICT clause does not match')) {
        throw new EtlError(
          'E217',
          `${formatTable(this.#spec.table)} has no primary key or unique index on (${this.#spec.match.join(', ')})`,
          { kind: 'usage', hint: 'name the columns of one in match:, or create a unique index', cause: error },
        )
      }
      throw error
    }
  }
}
