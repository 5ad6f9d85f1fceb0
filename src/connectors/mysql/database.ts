import { createHash } from 'node:crypto'
import type { Column, Table, TableRef } from '../../core/catalog.js'
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
import type { NativeCopy } from '../../core/native-copy.js'
import type { ServerFacts } from '../../core/server-facts.js'
import { type SnapshotPool, snapshotGone } from '../../core/snapshot-pool.js'
import { describeQuery, listTables, readTable, tableRights } from './catalog.js'
import { connect, label, type MyConnection } from './connection.js'
import { myCopy } from './copy.js'
import { missingCreateRight } from './create-right.js'
import { takeLock } from './lock.js'
import { MySession } from './session.js'
import { endSessions } from './sessions.js'
import { takeSnapshot } from './snapshot.js'
import type { Settings } from './spec.js'
import { createdType } from './types.js'

class MyDatabase implements Database {
  readonly #schemas: Set<string>
  readonly #snapshots = new Map<string, SnapshotPool<MyConnection>>()

  constructor(
    readonly connector: Connector,
    readonly identity: Identity,
    private readonly catalog: MyConnection,
    private readonly settings: Settings,
    private readonly options: OpenOptions,
  ) {
    this.#schemas = new Set([settings.database])
  }

  async listTables(): Promise<readonly TableRef[]> {
    return await listTables(this.catalog, [...this.#schemas])
  }

  async table(ref: TableRef): Promise<Table | undefined> {
    const resolved = this.#resolve(ref)
    this.#schemas.add(resolved.schema)
    return await readTable(this.catalog, resolved)
  }

  async size(table: Table): Promise<number | undefined> {
    const { schema, table: name } = this.#resolve(table)
    const { rows } = await this.catalog.run(
      'select data_length + index_length from information_schema.tables where table_schema = ? and table_name = ?',
      [schema, name],
    )
    return rows[0]?.[0] == null ? undefined : Number(rows[0][0])
  }

  created(column: NewColumn, inKey: boolean): Pick<Column, 'type' | 'native'> {
    return createdType(column, inKey, this.catalog.server)
  }

  async describe(query: string): Promise<readonly Column[]> {
    return await describeQuery(this.catalog, query)
  }

  async rights(ref: TableRef): Promise<{ select: boolean; write: boolean }> {
    return await tableRights(this.catalog, this.#resolve(ref))
  }

  async missingCreateRight(ref: TableRef): Promise<MissingRight | undefined> {
    return await missingCreateRight(this.catalog, this.#resolve(ref))
  }

  async facts(): Promise<ServerFacts> {
    const { rows } = await this.catalog.run(
      `select floor(unix_timestamp(now(6)) * 1000), if(@@global.time_zone = 'SYSTEM', @@system_time_zone, @@global.time_zone)`,
    )
    const [now, timeZone] = rows[0] ?? []
    const clock = { now: Number(now), ...(typeof timeZone === 'string' ? { timeZone } : {}) }
    if (this.catalog.server.localInfile) return { ...clock, bulk: 'LOAD DATA LOCAL' }
    return {
      ...clock,
      bulk: 'inserts of many rows: the server refuses LOAD DATA LOCAL, which is faster',
      bulkHint: 'let an administrator run `set global local_infile = on`',
    }
  }

  async session({ snapshot, ...options }: SessionOptions): Promise<Session> {
    const readOnly = options.readOnly || this.options.readOnly
    const kill = async (id: number): Promise<void> => {
      const connection = await this.#connect(false)
      await connection.run(`kill query ${id}`).finally(() => connection.close())
    }
    const own = { readOnly, schema: this.settings.database, kill }
    if (snapshot === undefined) return new MySession(await this.#connect(readOnly), own)
    const pool = this.#snapshots.get(snapshot)
    if (pool === undefined) throw snapshotGone()
    const { connection, giveBack } = await pool.take()
    return new MySession(connection, { ...own, giveBack: () => giveBack(connection.sound) })
  }

  async snapshot({ sessions, id, tables }: SnapshotOptions): Promise<Snapshot | undefined> {
    const taken = id === undefined ? await takeSnapshot(() => this.#connect(true), sessions, tables) : undefined
    if (taken !== undefined) this.#snapshots.set(taken.id, taken.pool)
    return taken
  }

  async lock(name: string): Promise<Lock | undefined> {
    return await takeLock(await this.#connect(true), this.settings.database, name)
  }

  async endSessions(ids: readonly string[]): Promise<readonly string[]> {
    return await endSessions(this.catalog, ids)
  }

  async nativeCopy(): Promise<NativeCopy | { readonly unavailable: string }> {
    return await myCopy({ settings: this.settings, catalog: this.catalog, close: () => this.close() })
  }

  async close(): Promise<void> {
    await this.catalog.close()
  }

  #resolve(ref: TableRef): Required<TableRef> {
    return { schema: ref.schema ?? this.settings.database, table: ref.table }
  }

  async #connect(readOnly: boolean): Promise<MyConnection> {
    const { applicationName } = this.options
    return await connect(this.settings, { readOnly, applicationName })
  }
}

export async function openDatabase(connector: Connector, settings: Settings, options: OpenOptions): Promise<Database> {
  const { readOnly, applicationName } = options
  const catalog = await connect(settings, { readOnly, applicationName })
  try {
    const { where, server } = catalog
    const variables = await readVariables(catalog)
    if (!readOnly && variables.get('read_only') !== 'OFF' && variables.has('read_only')) {
      const hint = 'connect to the primary server'
      throw new EtlError('E305', 'the server has read_only on', { kind: 'connection', where, hint })
    }
    const { version } = server
    const identity = {
      uid: uidOf(settings, variables),
      label: label(settings).replace('mysql ', `mysql ${version} `),
      version,
    }
    return new MyDatabase(connector, identity, catalog, settings, options)
  } catch (error) {
    await catalog.close()
    throw error
  }
}

async function readVariables(connection: MyConnection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.run(
    `show global variables where variable_name in
       ('server_uuid', 'server_uid', 'server_id', 'hostname', 'datadir', 'port', 'read_only')`,
  )
  return new Map(rows.map(([name, value]) => [String(name).toLowerCase(), String(value)]))
}

/** The server's own number; older MariaDB has none, and is told by what no two servers of a host share. */
function uidOf(settings: Settings, variables: ReadonlyMap<string, string>): string {
  const parts = ['server_id', 'hostname', 'port', 'datadir'].map(name => variables.get(name) ?? '')
  const own = variables.get('server_uuid') ?? variables.get('server_uid')
  const server = own ?? createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
  return `mysql:${server}:${settings.database}`
}
