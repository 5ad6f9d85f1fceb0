import type { TableRef } from '../core/catalog.js'
import type { ReadColumn, Session } from '../core/connector.js'
import { keyText, type Row, type Value } from '../core/row.js'

/** Values bound by one statement: past it some databases refuse an expression of so many parts. */
const BINDS = 500

/** Columns of a table, of which some are its key. */
export interface KeyedTable {
  readonly table: TableRef
  readonly columns: readonly ReadColumn[]
  /** Indexes into `columns`. */
  readonly key: readonly number[]
}

export interface KeyedRows {
  readonly rows: readonly Row[]
  /** Indexes of rows that hold what cannot be read as it is. */
  readonly damaged: ReadonlySet<number>
}

/**
 * The rows that have one of the keys.
 *
 * @param lock within a transaction: they stay so until its end
 */
export async function rowsByKey(
  session: Session,
  { table, columns, key }: KeyedTable,
  keys: readonly (readonly Value[])[],
  lock = true,
): Promise<KeyedRows> {
  const rows: Row[] = []
  const damaged = new Set<number>()
  // Keys that the database takes for equal may stand on two pages.
  const seen = new Set<string>()
  const step = session.keysAtOnce ?? pageOf(key.length)
  for (let from = 0; from < keys.length; from += step) {
    const page = keys.slice(from, from + step)
    const found = session.read(
      {
        from: { table },
        columns,
        order: key.map(index => ({ index, nullable: false })),
        keys: page,
        ...(lock ? { lock } : {}),
        batchRows: page.length + 1,
        batchBytes: Number.MAX_SAFE_INTEGER,
      },
      NEVER,
    )
    for await (const batch of found) {
      const malformed = new Set(batch.malformed?.map(({ row }) => row))
      for (const [i, row] of batch.rows.entries()) {
        if (keys.length > step) {
          const text = keyText(key.map(index => row[index] ?? null))
          if (seen.has(text)) continue
          seen.add(text)
        }
        if (malformed.has(i)) damaged.add(rows.length)
        rows.push(row)
      }
    }
  }
  return { rows, damaged }
}

/** Keys that one statement takes. */
export function pageOf(columns: number): number {
  return Math.max(1, Math.floor(BINDS / Math.max(1, columns)))
}

const NEVER = new AbortController().signal
