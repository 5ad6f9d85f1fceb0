import type oracledb from 'oracledb'
import { type Column, formatTable, type Table, type TableRef } from '../../core/catalog.js'
import type {
  Connector,
  Database,
  Identity,
  Lock,
  MissingRight,
  NewColumn,
  OpenOptions,
  Session,
  SessionOptions,
  Snapshot,
  SnapshotOptions,
} from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { ServerFacts } from '../../core/server-facts.js'
import { describeQuery, listTables, readTable, tableRights } from './catalog.js'
import { OracleConnection } from './connection.js'
import { missingCreateRight } from './create-right.js'
import { type Driver, loadDriver } from './driver.js'
import { toEtlError } from './errors.js'
import { takeLock } from './lock.js'
import { OracleSession } from './session.js'
import { takeSnapshot } from './snapshot.js'
import type { From } from './source.js'
import type { Settings } from './spec.js'
import { createdType } from './types.js'

const POOL_WAIT_MS = 60_000

class OracleDatabase implements Database {
  readonly connector: Connector
  readonly identity: Identity
  readonly #pool: Pool
  readonly #options: OpenOptions
  readonly #schema: string
  readonly #schemas: Set<string>
  /** All that was asked about, and so may be read. */
  readonly #sources = new Map<string, From>()
  #catalog: Promise<OracleConnection> | undefined

  constructor(connector: Connector, identity: Identity, pool: Pool, options: OpenOptions, schema: string) {
    this.connector = connector
    this.identity = identity
    this.#pool = pool
    this.#options = options
    this.#schema = schema
    this.#schemas = new Set([schema])
  }

  async listTables(): Promise<readonly TableRef[]> {
    return await this.#inCatalog(connection => listTables(connection, [...this.#schemas]))
  }

  async table(ref: TableRef): Promise<Table | undefined> {
    const resolved = this.#resolve(ref)
    this.#schemas.add(resolved.schema)
    const table = await this.#inCatalog(connection => readTable(connection, resolved))
    if (table !== undefined) this.#sources.set(formatTable(table), { table })
    return table
  }

  /** Of the login's own tables; those of others are not for it to see. */
  async size({ table }: Table): Promise<number | undefined> {
    const sql = 'select sum(bytes) from user_segments where segment_name = :1'
    const { rows } = await this.#inCatalog(connection => connection.run(sql, [table]))
    const bytes = rows[0]?.[0]
    return bytes === null || bytes === undefined ? undefined : Number(bytes)
  }

  created({ type }: NewColumn, inKey: boolean): Pick<Column, 'type' | 'native'> {
    return createdType(type, inKey)
  }

  async describe(query: string): Promise<readonly Column[]> {
    const columns = await this.#inCatalog(connection => describeQuery(connection, query))
    this.#sources.set(query, { query })
    return columns
  }

  async rights(ref: TableRef): Promise<{ select: boolean; write: boolean }> {
    return await this.#inCatalog(connection => tableRights(connection, this.#resolve(ref)))
  }

  async missingCreateRight(ref: TableRef): Promise<MissingRight | undefined> {
    return await this.#inCatalog(connection => missingCreateRight(connection, this.#resolve(ref).schema))
  }

  async facts(): Promise<ServerFacts> {
    const sql = `select to_char(sys_extract_utc(systimestamp), 'YYYY-MM-DD"T"HH24:MI:SS.FF3"Z"'), dbtimezone from dual`
    const { rows } = await this.#inCatalog(connection => connection.run(sql))
    const [now, timeZone] = rows[0] ?? []
    return { now: Date.parse(String(now)), timeZone: String(timeZone), bulk: 'arrays of binds' }
  }

  async session({ snapshot, ...options }: SessionOptions): Promise<Session> {
    const readOnly = options.readOnly || this.#options.readOnly
    const joined = snapshot === undefined ? {} : { snapshot }
    return new OracleSession(await this.#pool.take(), { readOnly, schema: this.#schema, ...joined })
  }

  async snapshot({ id }: SnapshotOptions): Promise<Snapshot | undefined> {
    return await this.#inCatalog(connection => takeSnapshot(connection, this.#sources.values(), id))
  }

  async lock(name: string): Promise<Lock | undefined> {
    return await takeLock(await this.#pool.connectAlone(), this.#schema, name)
  }

  async close(): Promise<void> {
    const catalog = await this.#catalog?.catch(() => undefined)
    await catalog?.close()
    await this.#pool.close()
  }

  #resolve(ref: TableRef): Required<TableRef> {
    return { schema: ref.schema ?? this.#schema, table: ref.table }
  }

  /** One connection for the dictionary, outside of the pool so that sessions cannot starve it; a lost one is replaced. */
  async #inCatalog<T>(work: (connection: OracleConnection) => Promise<T>): Promise<T> {
    this.#catalog ??= this.#pool.connectAlone()
    try {
      return await work(await this.#catalog)
    } catch (error) {
      if (error instanceof EtlError && error.code === 'E306') this.#catalog = undefined
      throw error
    }
  }
}

/** Connections of one login: pooled ones for sessions, single ones for what lives long. */
class Pool {
  readonly #driver: Driver
  readonly #pool: oracledb.Pool
  readonly #attributes: oracledb.ConnectionAttributes
  readonly #settings: Settings
  readonly #applicationName: string
  readonly where: string

  constructor(
    driver: Driver,
    pool: oracledb.Pool,
    attributes: oracledb.ConnectionAttributes,
    settings: Settings,
    applicationName: string,
  ) {
    this.#driver = driver
    this.#pool = pool
    this.#attributes = attributes
    this.#settings = settings
    this.#applicationName = applicationName
    this.where = `oracle ${settings.connectString}`
  }

  async take(): Promise<OracleConnection> {
    // Any number of idle ones may have been cut off unseen; each is thrown away, and then the pool makes a new one.
    for (let dead = 0; ; dead++) {
      try {
        return await this.#prepared(() => this.#pool.getConnection())
      } catch (error) {
        if (!(error instanceof EtlError) || error.code !== 'E306' || dead >= this.#settings.pool.max) throw error
      }
    }
  }

  async connectAlone(): Promise<OracleConnection> {
    return await this.#prepared(() => this.#driver.getConnection(this.#attributes))
  }

  async close(): Promise<void> {
    await this.#pool.close(0).catch(() => {})
  }

  async #prepared(connect: () => Promise<oracledb.Connection>): Promise<OracleConnection> {
    let native: oracledb.Connection
    try {
      native = await connect()
    } catch (error) {
      throw toEtlError(error, { where: this.where, connecting: true })
    }
    const connection = new OracleConnection(this.#driver, native, this.where)
    try {
      await connection.pin(this.#settings.callTimeoutMs, this.#applicationName, this.#settings.schema)
      return connection
    } catch (error) {
      await connection.close()
      throw error
    }
  }
}

export async function openDatabase(connector: Connector, settings: Settings, options: OpenOptions): Promise<Database> {
  const driver = await loadDriver(settings)
  const attributes: oracledb.ConnectionAttributes = {
    user: settings.user,
    password: settings.password,
    connectString: settings.connectString,
    ...(settings.tnsAdmin === undefined ? {} : { configDir: settings.tnsAdmin }),
    ...(settings.wallet === undefined ? {} : { walletLocation: settings.wallet.dir }),
    ...(settings.wallet?.password === undefined ? {} : { walletPassword: settings.wallet.password }),
    ...(settings.thick === undefined
      ? {
          connectTimeout: settings.connectTimeout,
          transportConnectTimeout: settings.connectTimeout,
          expireTime: settings.keepaliveMinutes,
        }
      : {}),
  }
  const pool = await createPool(driver, attributes, settings, options.applicationName)
  let connection: OracleConnection | undefined
  try {
    connection = await pool.connectAlone()
    const { rows } = await connection.run(
      `select sys_context('USERENV', 'DB_UNIQUE_NAME'), sys_context('USERENV', 'CON_NAME'), sys_context('USERENV', 'CURRENT_SCHEMA') from dual`,
    )
    const [database, container, schema] = (rows[0] ?? []).map(cell => (cell === null ? '' : String(cell)))
    const identity = {
      uid: `oracle:${database}:${container ?? ''}`,
      label: `oracle ${connection.version} ${settings.connectString}`,
      version: connection.version,
    }
    return new OracleDatabase(connector, identity, pool, options, schema ?? '')
  } catch (error) {
    await pool.close()
    throw error
  } finally {
    await connection?.close()
  }
}

async function createPool(
  driver: Driver,
  attributes: oracledb.ConnectionAttributes,
  settings: Settings,
  applicationName: string,
): Promise<Pool> {
  try {
    const pool = await driver.createPool({
      ...attributes,
      poolMin: settings.pool.min,
      poolMax: settings.pool.max,
      poolIncrement: 1,
      queueTimeout: POOL_WAIT_MS,
    })
    return new Pool(driver, pool, attributes, settings, applicationName)
  } catch (error) {
    throw toEtlError(error, { where: `oracle ${settings.connectString}`, connecting: true })
  }
}
