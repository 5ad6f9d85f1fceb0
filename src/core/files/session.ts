import type { Column, TableRef } from '../catalog.js'
import { formatTable, ROW_NUMBER } from '../catalog.js'
import type { MalformedRow, ReadSpec, Session, SourceBatch, TableWriter } from '../connector.js'
import { EtlError } from '../errors.js'
import type { Row, Value } from '../row.js'
import type { FileFormat, FileHead, FilePosition, FileRecord } from './format.js'
import type { TextFile } from './text-stream.js'
import { changed, InvalidText, isSeekable } from './text-stream.js'

/** What a session needs of its database: the file of a name, and its columns. */
export type FindFile = (name: string) => Promise<{ readonly file: TextFile; readonly head: FileHead }>

/** Reads files. There is nothing to connect to, and nothing that could be written or rolled back. */
export class FileSession implements Session {
  readonly #format: FileFormat
  readonly #find: FindFile

  constructor(format: FileFormat, find: FindFile) {
    this.#format = format
    this.#find = find
  }

  async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    if (!('table' in spec.from)) return noSql()
    const { file, head } = await this.#located(spec.from.table, spec.version)
    const wanted = spec.columns.flatMap(({ name }) => (name === ROW_NUMBER ? [] : [name]))
    const gone = wanted.find(name => !head.columns.includes(name))
    if (gone !== undefined) throw changedShape(file.name, gone)
    const from = spec.after === undefined ? head.start : positionOf(spec.after)
    const last = spec.until === undefined ? Number.POSITIVE_INFINITY : positionOf(spec.until).byte
    let left = spec.limit ?? Number.POSITIVE_INFINITY
    let batch = new Batch(spec, from)
    if (left <= 0 || last <= from.byte) return
    try {
      for await (const records of this.#format.records(file, head, from, wanted, signal)) {
        for (const record of records) {
          if (record.end > last) {
            if (batch.rows.length > 0) yield batch.done()
            return
          }
          batch.add(record)
          left--
          if (left > 0 && record.end < last && !batch.full) continue
          yield batch.done()
          if (left <= 0 || record.end >= last) return
          batch = new Batch(spec, batch.position)
        }
      }
    } catch (error) {
      // Rows before the place at fault are good and safe: they go first.
      if (batch.rows.length > 0) yield batch.done()
      throw invalidText(error, file, batch.position.number)
    }
    if (batch.rows.length > 0) yield batch.done()
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    const whole = { ...spec, columns: [], order: [], batchRows: 10_000, batchBytes: Number.POSITIVE_INFINITY }
    let rows = 0
    for await (const batch of this.read(whole, new AbortController().signal)) rows += batch.rows.length
    return rows
  }

  async splits(
    spec: Pick<ReadSpec, 'from' | 'version'>,
    parts: number,
    signal: AbortSignal,
  ): Promise<readonly (readonly Value[])[]> {
    if (!('table' in spec.from)) return noSql()
    const { file, head } = await this.#located(spec.from.table, spec.version)
    // Each reader would have to decode all that comes before its part.
    if (!isSeekable(file)) return []
    const begin = head.start.byte
    const wanted = Array.from({ length: parts - 1 }, (_, i) => begin + ((file.size - begin) * (i + 1)) / parts)
    const positions = await this.#format.positions(file, head, wanted, signal)
    return positions.flatMap(({ byte, number }) => (byte < file.size ? [[byte, number]] : []))
  }

  async query(): Promise<Row[]> {
    return noSql()
  }
  async execute(): Promise<number> {
    return noSql()
  }
  async writer(): Promise<TableWriter> {
    return noSql()
  }
  async createTable(): Promise<void> {
    return noSql()
  }
  async addColumns(): Promise<void> {
    return noSql()
  }
  async advanceSequences(): Promise<void> {}
  async begin(): Promise<void> {}
  async commit(): Promise<void> {}
  async rollback(): Promise<void> {}
  async savepoint(): Promise<void> {}
  async rollbackTo(): Promise<void> {}
  async releaseSavepoint(): Promise<void> {}
  async close(): Promise<void> {}

  async #located(table: TableRef, version: string | undefined): Promise<Awaited<ReturnType<FindFile>>> {
    const found = await this.#find(formatTable(table))
    if (version !== undefined && version !== found.file.version) throw changed(found.file)
    return found
  }
}

class Batch {
  readonly rows: Row[] = []
  readonly #spec: ReadSpec
  /** Where the number of the row stands among the columns; -1 where it is not read. */
  readonly #numberAt: number
  readonly #malformed: MalformedRow[] = []
  #position: FilePosition
  #bytes = 0

  constructor(spec: ReadSpec, from: FilePosition) {
    this.#spec = spec
    this.#numberAt = spec.columns.findIndex(({ name }) => name === ROW_NUMBER)
    this.#position = from
  }

  get position(): FilePosition {
    return this.#position
  }

  get full(): boolean {
    return this.rows.length >= this.#spec.batchRows || this.#bytes >= this.#spec.batchBytes
  }

  add(record: FileRecord): void {
    this.#bytes += record.end - this.#position.byte
    if (record.problem !== undefined) {
      const { code, message, text } = record.problem
      const values = { $byte: this.#position.byte, $text: text }
      this.#malformed.push({ row: this.rows.length, code, message, values })
    }
    this.#position = { byte: record.end, number: record.number }
    const { length } = this.#spec.columns
    this.rows.push(this.#numberAt < 0 && record.values?.length === length ? record.values : this.#rowOf(record, length))
  }

  #rowOf(record: FileRecord, length: number): Row {
    const row: Row = new Array(length)
    let from = 0
    for (let i = 0; i < length; i++) {
      row[i] = i === this.#numberAt ? record.number : (record.values?.[from++] ?? null)
    }
    return row
  }

  done(): SourceBatch {
    const { byte, number } = this.#position
    const malformed = this.#malformed.length === 0 ? {} : { malformed: this.#malformed }
    return { rows: this.rows, cursor: [byte, number], ...malformed }
  }
}

function positionOf(cursor: readonly Value[]): FilePosition {
  return { byte: Number(cursor[0]), number: Number(cursor[1]) }
}

/** Says where the bytes are that are no text. */
export function invalidText(error: unknown, file: TextFile, lastNumber: number): unknown {
  if (!(error instanceof InvalidText)) return error
  return new EtlError(
    'E409',
    `${file.name} is not valid ${file.encoding} text at byte ${error.at} (row ${error.number ?? lastNumber + 1})`,
    {
      where: file.name,
      cause: error,
      hint: 'set `encoding` of the source to what the file is stored in: utf8, latin1, windows-1252 or utf16le',
    },
  )
}

function changedShape(name: string, column: string): EtlError {
  return new EtlError('E522', `${name} has no column ${column} any more`, {
    where: name,
    hint: 'bring back the file of then, or begin anew: `etl run … --restart`',
  })
}

function noSql(): never {
  throw new EtlError('E308', 'files are read as they are: they answer no SQL and cannot be written', {
    kind: 'usage',
    hint: 'remove the query, hook or look-up, or point it at a database',
  })
}

/** The column beside those of the file. */
export const ROW_NUMBER_COLUMN: Column = {
  name: ROW_NUMBER,
  type: { kind: 'integer', bits: 64 },
  native: 'row number',
  nullable: false,
  hasDefault: false,
  pseudo: true,
}
