import driver from 'mysql2/promise'
import { afterAll, beforeAll } from 'vitest'
import { mysql } from '../../../../src/connectors/mysql/index.js'
import type { Column, Table } from '../../../../src/core/catalog.js'
import type {
  ConnectionConfig,
  Database,
  OpenOptions,
  ReadSpec,
  Session,
  WriteMode,
  WriteResult,
  WriteSpec,
} from '../../../../src/core/connector.js'
import { EtlError } from '../../../../src/core/errors.js'
import type { Row } from '../../../../src/core/row.js'
import { database } from '../../../databases/mysql.js'
import type { TestSchema } from '../../../databases/types.js'

const OPTIONS: OpenOptions = { readOnly: false, baseDir: process.cwd(), applicationName: 'etl test' }

export async function open(config: ConnectionConfig, options: Partial<OpenOptions> = {}): Promise<Database> {
  return await mysql.open(config, { ...OPTIONS, ...options })
}

/** A database of its own for the tests of one file, with the connector opened on it. */
export class Place {
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

  /** Another login's look at the server. */
  async admin<T>(work: (connection: driver.Connection) => Promise<T>): Promise<T> {
    const connection = await driver.createConnection({
      uri: this.url.href,
      rowsAsArray: true,
      multipleStatements: true,
    })
    try {
      return await work(connection)
    } finally {
      await connection.end()
    }
  }

  /** Ends the connector's sessions on this database, and leaves those of the test. */
  async terminate(): Promise<void> {
    const own = (await this.schema.rows('select connection_id()'))[0]?.[0]
    await this.admin(async admin => {
      const [rows] = await admin.query<driver.RowDataPacket[]>(
        `select id from information_schema.processlist where db = database() and id not in (connection_id(), ${own}) and command = 'Sleep'`,
      )
      for (const [id] of rows as unknown as [string][]) await admin.query(`kill ${id}`).catch(() => {})
    })
  }
}

export function freshPlace(testId: string): Place {
  const place = new Place()
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

/** Writes within the session's transaction. */
export async function write(
  session: Session,
  spec: WriteSpec,
  rows: readonly Row[],
  from = 0,
  to = rows.length,
): Promise<WriteResult> {
  const writer = await session.writer(spec)
  try {
    return await writer.write(mysql.encoder(spec).encode(rows), from, to)
  } finally {
    await writer.close()
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
