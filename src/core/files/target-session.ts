import type { TableRef } from '../catalog.js'
import type { NewColumn, ReadSpec, Session, SourceBatch, TableWriter, WriteSpec } from '../connector.js'
import { EtlError } from '../errors.js'
import { failpoint } from '../failpoint.js'
import type { Row, Value } from '../row.js'
import { placeholders, quoteNames, quoteTable } from '../sql.js'
import type { LineData } from './line-encoder.js'
import { append, publish } from './part.js'
import { FileSession } from './session.js'
import type { TargetFiles } from './target-files.js'

/** The unfinished files of a folder, and how many of their bytes count. */
export const FILE_TABLE: TableRef = { table: 'etl_file' }
export const FILE_COLUMNS: readonly NewColumn[] = [
  { name: 'name', type: { kind: 'text' }, nullable: false },
  { name: 'bytes', type: { kind: 'integer', bits: 64 }, nullable: false },
  { name: 'shape', type: { kind: 'text' }, nullable: false },
  /** Whether a file of the name may be replaced, 0 or 1. */
  { name: 'replaces', type: { kind: 'integer', bits: 8 }, nullable: false },
  /** 1 once all rows are in it: all that is left to do is to give it its name. */
  { name: 'whole', type: { kind: 'integer', bits: 8 }, nullable: false },
]

interface Unfinished {
  readonly bytes: number
  readonly shape: string
  readonly replaces: boolean
}

/**
 * A transaction over files: rows stay in memory until the commit, which puts them on the disk and then commits the
 * ledger with the new length of each file. Whatever a file holds past that length is cut off by the next commit, so a
 * crash at any moment leaves what the ledger says.
 */
export class TargetSession implements Session {
  readonly #ledger: Session
  readonly #files: TargetFiles
  readonly #sql: FileTableSql
  #written: { readonly name: string; readonly bytes: Uint8Array }[] = []
  readonly #savepoints = new Map<string, number>()
  #looked: boolean
  #finishes = false

  constructor(ledger: Session, files: TargetFiles, sql: FileTableSql, options: { readonly readOnly: boolean }) {
    this.#ledger = ledger
    this.#files = files
    this.#sql = sql
    this.#looked = options.readOnly
  }

  query(sql: string, params?: readonly Value[]): Promise<Row[]> {
    return this.#ledger.query(sql, params)
  }

  execute(sql: string, params?: readonly Value[]): Promise<number> {
    return this.#ledger.execute(sql, params)
  }

  createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void> {
    return this.#ledger.createTable(ref, columns, primaryKey)
  }

  addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void> {
    return this.#ledger.addColumns(ref, columns)
  }

  async begin(): Promise<void> {
    if (!this.#looked) await this.#publish()
    this.#looked = true
    await this.#ledger.begin()
    this.#forget()
  }

  async commit(): Promise<void> {
    for (const name of new Set(this.#written.map(written => written.name))) {
      const chunks = this.#written.filter(written => written.name === name).map(({ bytes }) => bytes)
      const { bytes } = await this.#unfinished(name)
      const end = await append(await this.#files.file(name), bytes, chunks)
      await this.#ledger.execute(this.#sql.setBytes, [end, name])
      failpoint('file-written')
    }
    await this.#ledger.commit()
    const finishes = this.#finishes
    this.#forget()
    if (finishes) await this.#publish()
  }

  async rollback(): Promise<void> {
    this.#forget()
    await this.#ledger.rollback()
  }

  async savepoint(name: string): Promise<void> {
    await this.#ledger.savepoint(name)
    this.#savepoints.set(name, this.#written.length)
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#ledger.rollbackTo(name)
    this.#written.length = this.#savepoints.get(name) ?? 0
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#ledger.releaseSavepoint(name)
    this.#savepoints.delete(name)
  }

  async startTable(ref: TableRef, columns: readonly NewColumn[], replace: boolean): Promise<void> {
    const name = this.#files.name(ref)
    const file = await this.#files.file(name)
    if (!replace && (await this.#files.exists(file))) throw existsAlready(file.label)
    const names = columns.map(column => column.name)
    await this.#ledger.execute(this.#sql.remove, [name])
    await this.#ledger.execute(this.#sql.insert, [name, 0, this.#shape(names), replace ? 1 : 0, 0])
    this.#written.push({ name, bytes: this.#files.format.head(names) })
  }

  async finishTable(ref: TableRef): Promise<void> {
    const name = this.#files.name(ref)
    const file = await this.#files.file(name)
    const { replaces } = await this.#unfinished(name)
    if (!replaces && (await this.#files.exists(file))) throw existsAlready(file.label)
    await this.#ledger.execute(this.#sql.setWhole, [name])
    this.#finishes = true
  }

  async writer(spec: WriteSpec): Promise<TableWriter> {
    const name = this.#files.name(spec.table)
    const { label } = await this.#files.file(name)
    const { shape } = await this.#unfinished(name)
    if (shape !== this.#shape(spec.columns.map(column => column.name))) {
      throw new EtlError('E506', `${label}.part was begun with other columns or options`, {
        where: label,
        hint: 'undo the change, or begin anew: `etl run … --restart`',
      })
    }
    return {
      write: async (payload, from, to) => {
        const { bytes, ends, faults } = payload.data as LineData
        const fault = faults.find(({ row }) => row >= from && row < to)
        if (fault !== undefined) {
          const { code, message, column, row } = fault
          throw new EtlError(code, `${column} of ${label}: ${message}`, { kind: 'row', row, column, where: label })
        }
        const start = from === 0 ? 0 : (ends[from - 1] ?? 0)
        this.#written.push({ name, bytes: bytes.subarray(start, to === 0 ? 0 : ends[to - 1]) })
        return { inserted: to - from, updated: 0, skipped: 0, missing: [] }
      },
      close: async () => {},
    }
  }

  /** A file that has its name, to be compared with what should be in it. */
  async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    const bytes = spec.columns.flatMap(({ type }, i) => (type.kind === 'bytes' ? [i] : []))
    for await (const batch of (await this.#reader(spec)).read(spec, signal)) {
      for (const row of bytes.length === 0 ? [] : batch.rows) for (const i of bytes) row[i] = bytesOf(row[i] ?? null)
      yield batch
    }
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    return (await this.#reader({ ...spec, columns: [] })).count(spec)
  }

  async advanceSequences(): Promise<void> {}

  async close(): Promise<void> {
    this.#forget()
    await this.#ledger.close()
  }

  async #reader({ from, columns }: Pick<ReadSpec, 'from' | 'columns'>): Promise<FileSession> {
    if (!('table' in from)) throw new EtlError('E308', 'files answer no queries', { kind: 'usage' })
    const file = await this.#files.written(from.table)
    const format = this.#files.format.reads(columns.map(({ name }) => name))
    const head = await format.head(file, new AbortController().signal)
    return new FileSession(format, async () => ({ file, head }))
  }

  #forget(): void {
    this.#written = []
    this.#savepoints.clear()
    this.#finishes = false
  }

  #shape(columns: readonly string[]): string {
    return JSON.stringify([columns, this.#files.format.shape])
  }

  async #unfinished(name: string): Promise<Unfinished> {
    const [row] = await this.#ledger.query(this.#sql.find, [name])
    if (row !== undefined) return { bytes: Number(row[0]), shape: String(row[1]), replaces: Number(row[2]) === 1 }
    throw new EtlError('E507', `the ledger knows no unfinished ${name}`, {
      where: name,
      hint: 'another run has written it since; begin anew: `etl run … --restart`',
    })
  }

  /** Names the files that are whole; also those of a process that ended before it could. */
  async #publish(): Promise<void> {
    for (const [name] of await this.#ledger.query(this.#sql.whole)) {
      failpoint('file-whole')
      await publish(await this.#files.file(String(name)))
      failpoint('file-named')
      await this.#ledger.execute(this.#sql.remove, [name ?? null])
    }
  }
}

/** The statements on {@link FILE_TABLE}. */
export type FileTableSql = ReturnType<typeof fileTableSql>

export function fileTableSql(dialect: Parameters<typeof quoteTable>[0]) {
  const table = quoteTable(dialect, FILE_TABLE)
  const names = FILE_COLUMNS.map(column => column.name)
  const is = (name: string, index: number): string => `${quoteNames(dialect, [name])} = ${dialect.placeholder(index)}`
  return {
    find: `select ${quoteNames(dialect, ['bytes', 'shape', 'replaces'])} from ${table} where ${is('name', 1)}`,
    whole: `select ${quoteNames(dialect, ['name'])} from ${table} where ${quoteNames(dialect, ['whole'])} = 1`,
    insert: `insert into ${table} (${quoteNames(dialect, names)}) values (${placeholders(dialect, names.length)})`,
    remove: `delete from ${table} where ${is('name', 1)}`,
    setBytes: `update ${table} set ${is('bytes', 1)} where ${is('name', 2)}`,
    setWhole: `update ${table} set ${quoteNames(dialect, ['whole'])} = 1 where ${is('name', 1)}`,
  }
}

function existsAlready(label: string): EtlError {
  return new EtlError('E524', `${label} exists already`, {
    kind: 'usage',
    where: label,
    hint: 'move it away, write to another folder, or say `load: replace`',
  })
}

/** What was written as base64; what is none stays the text that it is. */
function bytesOf(value: Value): Value {
  if (typeof value !== 'string') return value
  const bytes = Buffer.from(value, 'base64')
  return bytes.toString('base64') === value ? bytes : value
}
