import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export type Cell = string | number | boolean | null

/** The cells as one `insert` of many rows a statement, in SQL that every database reads. */
export async function insertRows(
  exec: (sql: string) => Promise<void> | void,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly Cell[]>,
): Promise<void> {
  let batch: string[] = []
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await exec(`insert into ${table} (${columns.join(', ')}) values\n${batch.join(',\n')}`)
    batch = []
  }
  for (const row of rows) {
    batch.push(`(${row.map(literal).join(', ')})`)
    if (batch.length === 500) await flush()
  }
  await flush()
}

function literal(cell: Cell): string {
  if (cell === null) return 'null'
  return typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : String(cell)
}

/** `2024-03-01 09:30:00` so many minutes after the beginning of 2021; the zone is the reader's. */
export function clockText(minutes: number): string {
  return new Date(Date.UTC(2021, 0, 1) + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')
}

/** Numbers from 1 to `count`. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

/** A file of `test/systems`. */
export function sqlOf(file: string): string {
  return readFileSync(resolve('test/systems', file), 'utf8')
}

/** A short text that is the same for the same rows. */
export function digest(rows: unknown): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}
