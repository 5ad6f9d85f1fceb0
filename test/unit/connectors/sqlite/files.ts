import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Driver from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { sqlite } from '../../../../src/connectors/sqlite/index.js'
import type { Database, ReadSpec, Session, WriteMode, WriteSpec } from '../../../../src/core/connector.js'
import type { Row } from '../../../../src/core/row.js'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etl-sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Makes `data.sqlite` in the folder by the plain driver. */
export function makeFile(folder: string, sql: string): string {
  const file = join(folder, 'data.sqlite')
  const db = new Driver(file)
  db.exec(sql)
  db.close()
  return file
}

export async function open(
  folder: string,
  options: {
    readonly readOnly?: boolean
    readonly create?: boolean
    readonly path?: string
    readonly wait?: number
  } = {},
): Promise<Database> {
  const database = await sqlite.open(
    { type: 'sqlite', path: options.path ?? 'data.sqlite', busy_timeout: options.wait ?? 100 },
    {
      readOnly: options.readOnly ?? false,
      baseDir: folder,
      applicationName: 'etl test',
      ...(options.create === undefined ? {} : { create: options.create }),
    },
  )
  onTestFinished(() => database.close())
  return database
}

export async function openSession(database: Database, readOnly = false): Promise<Session> {
  const session = await database.session({ readOnly })
  onTestFinished(() => session.close())
  return session
}

/** All rows of a table, whole, in the order of the named columns. */
export async function readTable(
  database: Database,
  table: string,
  order: readonly string[],
  more: Partial<ReadSpec> & { readonly decode?: boolean } = {},
): Promise<Row[]> {
  const columns = (await database.table({ table }))?.columns ?? []
  const session = await openSession(database, true)
  const spec: ReadSpec = {
    from: { table: { table } },
    columns: columns.map(({ name, type }) => ({ name, type, decode: more.decode ?? false })),
    order: order.map(name => ({ index: columns.findIndex(column => column.name === name), nullable: true })),
    batchRows: 100,
    batchBytes: 1_000_000,
    ...more,
  }
  const rows: Row[] = []
  for await (const batch of session.read(spec, new AbortController().signal)) rows.push(...batch.rows)
  return rows
}

export async function writeSpec(
  database: Database,
  table: string,
  columns: readonly string[],
  mode: WriteMode = 'insert',
  match: readonly string[] = [],
): Promise<WriteSpec> {
  const all = (await database.table({ table }))?.columns ?? []
  return {
    table: { table },
    columns: columns.map(name => {
      const found = all.find(column => column.name === name)
      if (found === undefined) throw new Error(`no column ${name}`)
      return found
    }),
    mode,
    match,
  }
}

/** Writes rows and commits; an error leaves nothing. */
export async function write(database: Database, spec: WriteSpec, rows: readonly Row[]): Promise<void> {
  const session = await database.session({ readOnly: false })
  try {
    await session.begin()
    const writer = await session.writer(spec)
    await writer.write(sqlite.encoder(spec).encode(rows), 0, rows.length)
    await session.commit()
  } finally {
    await session.close()
  }
}
