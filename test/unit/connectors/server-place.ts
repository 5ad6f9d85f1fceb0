import { afterAll, beforeAll } from 'vitest'
import type { Column, Table } from '../../../src/core/catalog.js'
import type {
  ConnectionConfig,
  Connector,
  Database,
  OpenOptions,
  ReadSpec,
  Session,
  WriteMode,
  WriteResult,
  WriteSpec,
} from '../../../src/core/connector.js'
import { EtlError } from '../../../src/core/errors.js'
import type { Row } from '../../../src/core/row.js'
import type { TestDatabase, TestSchema } from '../../databases/types.js'

const OPTIONS: OpenOptions = { readOnly: false, baseDir: process.cwd(), applicationName: 'etl test' }

export type Open = (config: ConnectionConfig, options?: Partial<OpenOptions>) => Promise<Database>

export function opener(connector: Connector): Open {
  return (config, options) => connector.open(config, { ...OPTIONS, ...options })
}

/** A database of its own for the tests of one file, with the connector opened on it. */
export class ServerPlace {
  schema!: TestSchema
  database!: Database

  get url(): URL {
    return new URL(String(this.schema.config.url))
  }

  async session(readOnly = false): Promise<Session> {
    return await this.database.session({ readOnly })
  }

  async table(name: string, schema?: string): Promise<Table> {
    const table = await this.database.table(schema === undefined ? { table: name } : { schema, table: name })
    if (table === undefined) throw new Error(`no table ${name}`)
    return table
  }

  async spec(
    table: string,
    names: readonly string[],
    mode: WriteMode,
    match: readonly string[] = [],
  ): Promise<WriteSpec> {
    const { columns } = await this.table(table)
    return { table: { table }, columns: names.map(name => columnNamed(columns, name)), mode, match }
  }

  async readSpec(table: string, order: readonly string[], more: Partial<ReadSpec> = {}): Promise<ReadSpec> {
    const { columns } = await this.table(table)
    return {
      from: { table: { table } },
      columns: columns.map(({ name, type }) => ({ name, type, decode: true })),
      order: order.map(name => ({ index: columns.findIndex(column => column.name === name), nullable: false })),
      batchRows: 1000,
      batchBytes: 1 << 24,
      ...more,
    }
  }
}

export function withSchema<Place extends ServerPlace>(
  place: Place,
  database: TestDatabase,
  open: Open,
  testId: string,
): Place {
  beforeAll(async () => {
    place.schema = await database.create(testId)
    place.database = await open(place.schema.config)
  })
  afterAll(async () => {
    await place.database.close()
    await place.schema.drop()
  })
  return place
}

export function columnNamed(columns: readonly Column[], name: string): Column {
  const column = columns.find(candidate => candidate.name === name)
  if (column === undefined) throw new Error(`no column ${name}`)
  return column
}

export type Write = (
  session: Session,
  spec: WriteSpec,
  rows: readonly Row[],
  from?: number,
  to?: number,
) => Promise<WriteResult>

/** Writes within the session's transaction. */
export function rowWriter(connector: Connector): Write {
  return async (session, spec, rows, from = 0, to = rows.length) => {
    const writer = await session.writer(spec)
    try {
      return await writer.write(connector.encoder(spec).encode(rows), from, to)
    } finally {
      await writer.close()
    }
  }
}

export async function readAll(session: Session, spec: ReadSpec): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of session.read(spec, new AbortController().signal)) rows.push(...batch.rows)
  return rows
}

/** The error that the work must end in. */
export async function failure(work: Promise<unknown>): Promise<EtlError> {
  const error = await work.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason,
  )
  if (error instanceof EtlError) return error
  throw error
}
