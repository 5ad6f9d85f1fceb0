import type { Column, Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { ConnectionConfig, Database, Encoder, ReadColumn, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { canonicalLine } from '../run/canonical-rows.js'
import type { KeyedTable } from '../run/keyed-rows.js'
import type { Pass } from '../run/ledger.js'
import { type RowMarks, rowMarks } from '../run/row-marks.js'
import type { UndoTable } from '../run/undo-record.js'
import { versionColumn } from '../run/undo-recorder.js'

/** A table that a run wrote, as it is today and as the run's records know it. */
export class TargetTable {
  readonly head: UndoTable
  readonly table: Table
  readonly label: string
  /** Those of {@link UndoTable.columns}, then the version where rows have one. */
  readonly columns: readonly ReadColumn[]
  readonly versioned: boolean
  readonly marks: RowMarks
  readonly #database: Database
  readonly #config: ConnectionConfig
  readonly #specs = new Map<Pass, WriteSpec | undefined>()
  readonly #lines = new Map<Pass, (key: Row) => string>()

  private constructor(
    database: Database,
    config: ConnectionConfig,
    head: UndoTable,
    table: Table,
    columns: readonly Column[],
  ) {
    const { rowVersion, signedZero } = database.connector.capabilities
    const version = rowVersion?.column
    this.#database = database
    this.#config = config
    this.head = head
    this.table = table
    this.label = formatTable(head.table)
    this.versioned = version !== undefined
    const read = columns.map(({ name, type }): ReadColumn => ({ name, type, decode: false }))
    this.marks = rowMarks(head, read, signedZero === true)
    this.columns = version === undefined ? read : [...read, versionColumn(version)]
  }

  /** Undefined where the table is gone. Throws E522 where it has not the columns any more that the run knew. */
  static async open(database: Database, config: ConnectionConfig, head: UndoTable): Promise<TargetTable | undefined> {
    const table = await database.table(head.table)
    if (table === undefined) return undefined
    const columns = head.columns.map(name => {
      const column = table.columns.find(candidate => candidate.name === name)
      if (column !== undefined) return column
      throw new EtlError('E522', `${formatTable(head.table)} has no column ${name} any more`, {
        where: formatTable(head.table),
        hint: 'bring the column back, or restore a backup',
      })
    })
    return new TargetTable(database, config, head, table, columns)
  }

  keyed(pass: Pass): KeyedTable {
    return { table: this.head.table, columns: this.columns, key: this.#indexes(this.head.key[pass]) }
  }

  keyColumns(pass: Pass): readonly ReadColumn[] {
    return this.#indexes(this.head.key[pass]).map(index => this.columns[index] as ReadColumn)
  }

  keyOf(pass: Pass, row: Row): Row {
    return this.#indexes(this.head.key[pass]).map(index => row[index] ?? null)
  }

  keyText(pass: Pass, row: Row): string {
    return this.textOf(pass, this.keyOf(pass, row))
  }

  /** One text for a key, whether the target gave it or it was written. */
  textOf(pass: Pass, key: Row): string {
    let lineOf = this.#lines.get(pass)
    if (lineOf === undefined) {
      const columns = this.keyColumns(pass).map(({ type }, index) => ({ index, type, signedZero: false }))
      lineOf = canonicalLine({ columns })
      this.#lines.set(pass, lineOf)
    }
    return lineOf(key)
  }

  /** What tells the row from others of the table, whichever pass wrote it. */
  get identity(): readonly ReadColumn[] {
    const { primaryKey } = this.table
    const known = primaryKey.length > 0 && primaryKey.every(name => this.head.columns.includes(name))
    return this.#indexes(known ? primaryKey : this.head.key.load).map(index => this.columns[index] as ReadColumn)
  }

  identityOf(row: Row): Row {
    return this.identity.map(column => row[this.columns.indexOf(column)] ?? null)
  }

  version(row: Row): string {
    return String(row[this.head.columns.length])
  }

  /** How rows are put back; undefined where they have nothing but their key. Always the same object for a pass. */
  writeSpec(pass: Pass): WriteSpec | undefined {
    if (!this.#specs.has(pass)) this.#specs.set(pass, this.#spec(pass))
    return this.#specs.get(pass)
  }

  encoder(spec: WriteSpec): Encoder {
    return this.#database.connector.encoder(spec, this.#config)
  }

  /** The row in the order of {@link writeSpec}. */
  written(spec: WriteSpec, row: Row): Value[] {
    return spec.columns.map(({ name }) => row[this.head.columns.indexOf(name)] ?? null)
  }

  #spec(pass: Pass): WriteSpec | undefined {
    const match = this.head.key[pass]
    // The database lets nobody set an identity that is always its own.
    const columns = this.table.columns.filter(
      ({ name, generated }) => match.includes(name) || (this.head.columns.includes(name) && generated !== 'always'),
    )
    if (columns.length === match.length) return undefined
    return { table: this.head.table, columns, mode: 'update', match }
  }

  #indexes(names: readonly string[]): number[] {
    return names.map(name => this.columns.findIndex(column => column.name === name))
  }
}
