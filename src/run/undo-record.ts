import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'
import type { TableRef } from '../core/catalog.js'
import { fromJson, type Row, toJson } from '../core/row.js'
import type { WriteTrace } from '../core/write-trace.js'
import type { Pass } from './ledger.js'
import type { Marks } from './row-marks.js'

/** Which table an entity wrote, and what it was like when the run began. */
export interface UndoTable {
  /** In the plan's order: parents have a smaller one than their children. */
  readonly position: number
  readonly table: TableRef
  /** The run made the table. */
  readonly created: boolean
  /** It had no rows when the entity began, or was emptied for it. */
  readonly empty: boolean
  /** All its rows are the run's, told by their version: keys are not recorded. */
  readonly whole: boolean
  /** Columns that identify a row, for each pass; empty where the table has none. */
  readonly key: Readonly<Record<Pass, readonly string[]>>
  /** Columns of {@link UndoRecord.updated}. */
  readonly columns: readonly string[]
  /** Those of them that the first pass gives values. */
  readonly written: readonly string[]
  /** `load: replace`: a copy of the rows that were there. */
  readonly kept?: TableRef
  /** The same of the entity's generated keys in `etl_identity`. */
  readonly keptIdentities?: TableRef
}

/** What it takes to take a batch back. */
export interface UndoRecord {
  /** Keys of the rows that it inserted, as the target gives them. */
  readonly inserted: readonly Row[]
  /** The rows that it updated, as they were before. */
  readonly updated: readonly Row[]
  /** Of the inserted rows and then of the updated ones, as the batch left them. Absent where rows have versions. */
  readonly marks?: Marks
  /** The mark of the other columns of each inserted row, where `marks` are of the written ones. */
  readonly rest?: string
  /** The versions that the updated rows had before. */
  readonly was?: readonly string[]
  /** What `etl_identity` held before under keys that the batch noted: source key, target key, run. */
  readonly identities?: readonly (readonly [string, string, string])[]
  /** Rows that were written and that nothing identifies, or that cannot be read as they are. */
  readonly lost?: number
}

interface Stored extends Omit<UndoRecord, 'marks'> {
  readonly marks?: string
}

/** No deflated text begins so: the length of the marks follows, the marks, which nothing makes shorter, then the others. */
const MARKED = 0xff
const MARKS_AT = 5

export async function encodeRecord(record: UndoRecord): Promise<Buffer> {
  const rows = (list: readonly Row[]): unknown => list.map(row => row.map(toJson))
  const { inserted, updated, marks, ...others } = record
  const text = await deflated(JSON.stringify({ inserted: rows(inserted), updated: rows(updated), ...others }))
  if (marks === undefined) return text
  const head = Buffer.alloc(MARKS_AT)
  head.writeUInt8(MARKED)
  head.writeUInt32LE(marks.byteLength, 1)
  return Buffer.concat([head, Buffer.from(marks.buffer, marks.byteOffset, marks.byteLength), text])
}

/** A record of what a writer told, whose rows are JSON already. */
export function encodeTrace(
  { inserted, updated, versions }: WriteTrace,
  identities: UndoRecord['identities'] = [],
): Promise<Buffer> {
  const others = identities.length === 0 ? '' : `,"identities":${JSON.stringify(identities)}`
  return deflated(`{"inserted":[${inserted.json}],"updated":[${updated.json}],"was":[${versions.json}]${others}}`)
}

const deflate = promisify<Buffer, { level: number }, Buffer>(deflateRaw)

/** In another thread: a batch of upserts has some megabytes. */
function deflated(text: string): Promise<Buffer> {
  return deflate(Buffer.from(text), { level: 1 })
}

export function decodeRecord(content: Buffer): UndoRecord {
  const end = content[0] === MARKED ? MARKS_AT + content.readUInt32LE(1) : 0
  const text = inflateRawSync(content.subarray(end)).toString('utf8')
  const { marks: written, ...record } = JSON.parse(text) as Stored
  const rows = (list: readonly (readonly unknown[])[]): Row[] => list.map(row => row.map(fromJson))
  // Older records have them in their text.
  const older = written === undefined ? undefined : Buffer.from(written, 'base64')
  const marks = end > 0 ? content.subarray(MARKS_AT, end) : older
  return {
    ...record,
    inserted: rows(record.inserted),
    updated: rows(record.updated),
    ...(marks === undefined ? {} : { marks: new Uint32Array(Uint8Array.from(marks).buffer) }),
  }
}
