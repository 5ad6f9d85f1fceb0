import { dumpedTable, refOf } from '../backup/table-dump.js'
import { formatTable, type Table } from '../core/catalog.js'
import type { ReadColumn, ReadSpec, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { keyText, type Row, type Value } from '../core/row.js'
import { spread } from '../core/spread.js'
import { rowsByKey } from '../run/keyed-rows.js'
import { positionsOf } from '../verify/keyed-reader.js'

export interface TableRows {
  readonly table: Table
  /** Those that can be written; rows hold their values in this order. */
  readonly columns: readonly ReadColumn[]
  readonly rows: readonly Row[]
}

export interface Wanted {
  readonly table: Table
  readonly size: number
  /** Rows that are taken whatever the draw says: SQL. */
  readonly include: readonly string[]
}

/** Rows of tables, and whatever rows of the tables their foreign keys lead to. */
export class TableSample {
  readonly notes: string[] = []
  readonly #session: Session
  readonly #seed: string
  readonly #signal: AbortSignal
  readonly #taken = new Map<string, Taken>()

  /** @param session in a transaction that sees one state */
  constructor(session: Session, seed: string, signal: AbortSignal) {
    this.#session = session
    this.#seed = seed
    this.#signal = signal
  }

  /** @param tables all whose rows may be taken; parents of others are left out */
  async draw(tables: readonly Wanted[]): Promise<readonly TableRows[]> {
    for (const { table } of tables) this.#taken.set(formatTable(table), new Taken(table))
    const found: { readonly taken: Taken; readonly rows: readonly Row[] }[] = []
    for (const wanted of tables) {
      const taken = this.#taken.get(formatTable(wanted.table)) as Taken
      found.push({ taken, rows: taken.add(await this.#drawn(taken, wanted)) })
    }
    for (let next = found.pop(); next !== undefined; next = found.pop()) {
      if (this.#signal.aborted)
        throw new EtlError('E515', 'stopped while the sample was drawn', { kind: 'interrupted' })
      for (const { parent, columns, keys } of this.#asked(next.taken, next.rows)) {
        const key = columns.map(name => parent.columns.findIndex(column => column.name === name))
        const { rows } = await rowsByKey(
          this.#session,
          { table: refOf(parent.table), columns: parent.columns, key },
          keys,
          false,
        )
        const added = parent.add(rows)
        if (added.length > 0) found.push({ taken: parent, rows: added })
      }
    }
    return [...this.#taken.values()].map(({ table, columns, rows }) => ({ table, columns, rows: [...rows.values()] }))
  }

  async #drawn({ columns, key }: Taken, { table, size, include }: Wanted): Promise<Row[]> {
    const from = { table: refOf(table) }
    const whole: ReadSpec = {
      from,
      columns,
      order: key.map(index => ({ index, nullable: false })),
      batchRows: 1000,
      batchBytes: 1 << 24,
    }
    const rows: Row[] = []
    const read = async (spec: ReadSpec): Promise<void> => {
      for await (const batch of this.#session.read(spec, this.#signal)) rows.push(...batch.rows)
    }
    for (const where of include) await read({ ...whole, where })
    if (key.length === 0) {
      if ((await this.#session.count({ from })) > size)
        this.notes.push(`${formatTable(table)} has no primary key: its first rows were taken`)
      await read({ ...whole, limit: size })
      return rows
    }
    const numbers = spread(await this.#session.count({ from }), size, `${this.#seed} ${formatTable(table)}`)
    const positions = await positionsOf(this.#session, whole, numbers, this.#signal)
    rows.push(...(await rowsByKey(this.#session, { ...from, columns, key }, positions, false)).rows)
    return rows
  }

  /** What the rows' foreign keys ask of tables that are sampled too. */
  #asked({ table, columns: own }: Taken, rows: readonly Row[]) {
    return table.foreignKeys.flatMap(({ columns, references, referencedColumns }) => {
      const parent = this.#taken.get(formatTable(references))
      if (parent === undefined) return []
      const indexes = columns.map(name => own.findIndex(column => column.name === name))
      const keys = new Map<string, Value[]>()
      for (const row of rows) {
        const values = indexes.map(index => row[index] ?? null)
        if (!values.includes(null)) keys.set(keyText(values), values)
      }
      return keys.size === 0 ? [] : [{ parent, columns: referencedColumns, keys: [...keys.values()] }]
    })
  }
}

class Taken {
  readonly table: Table
  readonly columns: readonly ReadColumn[]
  /** Indexes into `columns`; empty: rows are told apart by all their values. */
  readonly key: readonly number[]
  readonly rows = new Map<string, Row>()

  constructor(table: Table) {
    const { columns, key } = dumpedTable(table)
    this.table = table
    this.columns = columns.map(({ name, type }) => ({ name, type, decode: false }))
    this.key = key.map(name => columns.findIndex(column => column.name === name))
  }

  /** Those that were not there yet. */
  add(rows: readonly Row[]): Row[] {
    return rows.filter(row => {
      const text = keyText(this.key.length === 0 ? row : this.key.map(index => row[index] ?? null))
      if (this.rows.has(text)) return false
      this.rows.set(text, row)
      return true
    })
  }
}
