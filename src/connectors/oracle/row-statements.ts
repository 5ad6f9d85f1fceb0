import type oracledb from 'oracledb'
import type { WriteSpec } from '../../core/connector.js'
import type { Value } from '../../core/row.js'
import { keyText } from '../../core/row.js'
import type { BindForm, Bound } from './binds.js'
import { bindForm, dbType, wrapped } from './binds.js'
import type { OracleConnection } from './connection.js'
import { quote, quoteRef } from './dialect.js'
import { bareName } from './encoder.js'
import { toEtlError } from './errors.js'
import type { TargetTable } from './target-table.js'

type Rows = readonly (readonly Bound[])[]

interface Place {
  readonly name: string
  readonly form: BindForm
  readonly index: number
}

/** Length of a returned key's text: the longest of a number, or of an ordinary text key. */
const KEY_BYTES = 4000
/** Rows looked up by one statement. */
const LOOKUP_ROWS = 100

/** The statements of one writer. Row numbers in errors are those of the payload: `from` plus the index. */
export class RowStatements {
  readonly #connection: OracleConnection
  readonly #spec: WriteSpec
  readonly #identifying: ReadonlySet<string>
  readonly #table: string
  readonly #all: readonly Place[]
  readonly #match: readonly Place[]
  readonly #rest: readonly Place[]

  constructor(connection: OracleConnection, spec: WriteSpec, target: TargetTable) {
    this.#connection = connection
    this.#spec = spec
    this.#identifying = target.identifying
    this.#table = quoteRef(spec.table)
    this.#all = spec.columns.map((column, index) => ({
      name: column.name,
      form: bindForm(bareName(column.native), column.type),
      index,
    }))
    this.#match = spec.match.flatMap(name => this.#all.filter(place => place.name === name))
    this.#rest = this.#all.filter(place => !spec.match.includes(place.name))
  }

  get nothingToSet(): boolean {
    return this.#rest.length === 0
  }

  keyOf(row: readonly Bound[]): string {
    return keyText(this.#match.map(place => value(row[place.index])))
  }

  /** Inserts the rows of these indexes; gives the generated keys where the writer returns them. */
  async insert(rows: Rows, indexes: readonly number[], from: number): Promise<Value[]> {
    if (indexes.length === 0) return []
    const { returning, mode } = this.#spec
    const wantsKeys = returning !== undefined && mode === 'insert'
    const names = this.#all.map(place => quote(place.name)).join(', ')
    const values = this.#all.map((place, i) => wrapped(place.form, `:${i + 1}`)).join(', ')
    const out = wantsKeys ? ` returning ${quote(returning.name)} into :${this.#all.length + 1}` : ''
    const result = await this.#many(
      `insert into ${this.#table} (${names}) values (${values})${out}`,
      this.#all,
      rows,
      indexes,
      from,
      false,
      wantsKeys,
    )
    if (!wantsKeys) return []
    const outBinds = (result.outBinds ?? []) as string[][][]
    return outBinds.map(row => generated(row[0]?.[0] ?? null))
  }

  /** Inserts the rows that the table does not have; of equal ones the first. Gives their number. */
  async insertMissing(rows: Rows, from: number): Promise<number> {
    const keys = this.#match.map((place, i) => `${wrapped(place.form, `:${i + 1}`)} as k${i}`).join(', ')
    const on = this.#match.map((place, i) => `t.${quote(place.name)} = s.k${i}`).join(' and ')
    const order = [...this.#match, ...this.#rest]
    const names = order.map(place => quote(place.name)).join(', ')
    const values = order
      .map((place, i) => (i < this.#match.length ? `s.k${i}` : wrapped(place.form, `:${i + 1}`)))
      .join(', ')
    const sql = `merge into ${this.#table} t using (select ${keys} from dual) s on (${on}) when not matched then insert (${names}) values (${values})`
    const indexes = rows.map((_, i) => i)
    const result = await this.#many(sql, order, rows, indexes, from, true, false)
    return counts(result).filter(count => count > 0).length
  }

  /** Updates by the match columns; gives the indexes of rows that were there. */
  async update(rows: Rows, from: number): Promise<ReadonlySet<number>> {
    // With nothing else to set, the match columns are set to themselves.
    const set = this.nothingToSet ? this.#match : this.#rest
    const order = [...set, ...this.#match]
    const assignments = set.map((place, i) => `${quote(place.name)} = ${wrapped(place.form, `:${i + 1}`)}`).join(', ')
    const where = this.#match
      .map((place, i) => `${quote(place.name)} = ${wrapped(place.form, `:${set.length + i + 1}`)}`)
      .join(' and ')
    const indexes = rows.map((_, i) => i)
    const sql = `update ${this.#table} set ${assignments} where ${where}`
    const result = await this.#many(sql, order, rows, indexes, from, true, false)
    return new Set(counts(result).flatMap((count, i) => (count > 0 ? [i] : [])))
  }

  /** The generated keys of rows that are there now, in their order. */
  async keys(rows: Rows): Promise<Value[]> {
    const { returning } = this.#spec
    if (returning === undefined) return []
    const found: Value[] = new Array(rows.length).fill(null)
    for (let at = 0; at < rows.length; at += LOOKUP_ROWS) {
      const some = rows.slice(at, at + LOOKUP_ROWS)
      let bind = 0
      const params: Value[] = []
      const parts = some.map((row, i) => {
        const where = this.#match.map(place => {
          params.push(value(row[place.index]))
          return `${quote(place.name)} = ${wrapped(place.form, `:${++bind}`)}`
        })
        return `select ${i} as i, ${quote(returning.name)} as k from ${this.#table} where ${where.join(' and ')}`
      })
      const { rows: cells } = await this.#connection.run(parts.join(' union all '), params)
      for (const [i, key] of cells)
        found[at + Number(i)] = generated(key === null || key === undefined ? null : String(key))
    }
    return found
  }

  async #many(
    sql: string,
    places: readonly Place[],
    rows: Rows,
    indexes: readonly number[],
    from: number,
    wantsCounts: boolean,
    wantsKeys: boolean,
  ): Promise<oracledb.Results<unknown>> {
    const { driver } = this.#connection
    const sizes = places.map(() => 1)
    const binds = indexes.map(index => {
      const row = rows[index] ?? []
      return places.map((place, i) => {
        const bound = row[place.index] ?? null
        if (typeof bound === 'string') sizes[i] = Math.max(sizes[i] ?? 1, Buffer.byteLength(bound))
        if (!(bound instanceof Uint8Array)) return bound
        sizes[i] = Math.max(sizes[i] ?? 1, bound.length)
        // On its way between threads a Buffer becomes a plain array of bytes.
        return Buffer.from(bound.buffer, bound.byteOffset, bound.length)
      })
    })
    const bindDefs: oracledb.BindDefinition[] = places.map((place, i) => {
      const type = dbType(driver, place.form)
      return place.form === 'float' || place.form === 'double' ? { type } : { type, maxSize: roomFor(sizes[i] ?? 1) }
    })
    if (wantsKeys) bindDefs.push({ dir: driver.BIND_OUT, type: driver.DB_TYPE_VARCHAR, maxSize: KEY_BYTES })
    const result = await this.#connection.changeMany(sql, binds, bindDefs, wantsCounts)
    const first = [...(result.batchErrors ?? [])].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))[0]
    if (first === undefined) return result
    throw toEtlError(first, {
      where: this.#connection.where,
      row: from + (indexes[first.offset ?? 0] ?? 0),
      exists: this.#identifying,
    })
  }
}

const STEPS = [32, 128, 512, 2000, 4000, 32767]

/** Few different sizes, so that the statement stays the same from batch to batch. */
function roomFor(bytes: number): number {
  return STEPS.find(step => step >= bytes) ?? 2 ** Math.ceil(Math.log2(bytes))
}

function counts(result: oracledb.Results<unknown>): number[] {
  return result.dmlRowCounts ?? []
}

function value(bound: Bound | undefined): Value {
  return bound instanceof Uint8Array ? Buffer.from(bound) : (bound ?? null)
}

/** A returned key as text; a whole number that fits is one. */
function generated(text: string | null): Value {
  if (text === null || !/^-?\d+$/.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}
