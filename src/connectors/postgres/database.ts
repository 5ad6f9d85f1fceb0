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
import { describeQuery, listTables, readTables, tableRights } from './catalog.js'
import { connect, label, type PgConnection } from './connection.js'
import { pgCopy } from './copy.js'
import { missingCreateRight } from './create-right.js'
import { takeLock } from './lock.js'
import { refuseSharedSessions } from './pooler.js'
import { PgSession } from './session.js'
import { endSessions } from './sessions.js'
import { takeSnapshot } from './snapshot.js'
import type { Settings } from './spec.js'
import { createdType } from './types.js'

class PgDatabase implements Database {
  readonly #schemas: Set<string>

  constructor(
    readonly connector: Connector,
    readonly identity: Identity,
    private readonly catalog: PgConnection,
    private readonly settings: Settings,
    private readonly options: OpenOptions,
    private readonly schema: string,
  ) {
    this.#schemas = new Set([schema])
  }

  async listTables(): Promise<readonly TableRef[]> {
    return await listTables(this.catalog, [...this.#schemas])
  }

  async table(ref: TableRef): Promise<Table | undefined> {
    return (await this.tables([ref]))[0]
  }

  async tables(refs: readonly TableRef[]): Promise<readonly (Table | undefined)[]> {
    const resolved = refs.map(({ schema = this.schema, table }) => ({ schema, table }))
    for (const { schema } of resolved) this.#schemas.add(schema)
    return await readTables(this.catalog, resolved)
  }

  async size({ schema, table }: Table): Promise<number | undefined> {
    const { rows } = await this.catalog.run(
      `select pg_catalog.pg_total_relation_size(c.oid) from pg_catalog.pg_class c
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
      [schema ?? this.schema, table],
    )
    return rows[0]?.[0] == null ? undefined : Number(rows[0][0])
  }

  created({ type }: NewColumn): Pick<Column, 'type' | 'native'> {
    return createdType(type)
  }

  async describe(query: string): Promise<readonly Column[]> {
    return await describeQuery(this.catalog, query)
  }

  async rights(ref: TableRef): Promise<{ select: boolean; write: boolean }> {
    return await tableRights(this.catalog, { schema: ref.schema ?? this.schema, table: ref.table })
  }

  async missingCreateRight(ref: TableRef): Promise<MissingRight | undefined> {
    return await missingCreateRight(this.catalog, ref.schema ?? this.schema)
  }

  async facts(): Promise<ServerFacts> {
    // Ours is pinned; this is the one that others have.
    const { rows } = await this.catalog.run(
      `select floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text,
         (select reset_val from pg_catalog.pg_settings where name = 'TimeZone')`,
    )
    const [now, timeZone] = rows[0] ?? []
    return { now: Number(now), ...(typeof timeZone === 'string' ? { timeZone } : {}), bulk: 'COPY' }
  }

  async session({ snapshot, ...options }: SessionOptions): Promise<Session> {
    const readOnly = options.readOnly || this.options.readOnly
    const joined = snapshot === undefined ? {} : { snapshot }
    return new PgSession(await this.#connect(readOnly), { readOnly, schema: this.schema, ...joined })
  }

  async snapshot({ id, tables = [] }: SnapshotOptions): Promise<Snapshot | undefined> {
    const refs = tables.map(ref => ({ schema: ref.schema ?? this.schema, table: ref.table }))
    return id === undefined ? await takeSnapshot(await this.#connect(true), refs) : undefined
  }

  async lock(name: string): Promise<Lock | undefined> {
    return await takeLock(await this.#connect(true), name)
  }

  async endSessions(ids: readonly string[]): Promise<readonly string[]> {
    return await endSessions(this.catalog, ids)
  }

  async nativeCopy(): Promise<NativeCopy | { readonly unavailable: string }> {
    const { settings } = this
    const { version } = this.identity
    return await pgCopy({ settings, version, connect: () => this.#connect(true), close: () => this.close() })
  }

  async close(): Promise<void> {
    await this.catalog.close()
  }

  async #connect(readOnly: boolean): Promise<PgConnection> {
    const { applicationName } = this.options
    return await connect(this.settings, { readOnly, applicationName, schema: this.schema })
  }
}

export async function openDatabase(connector: Connector, settings: Settings, options: OpenOptions): Promise<Database> {
  const { applicationName } = options
  // Looked at before anything is pinned: a role or a standby that only reads is no target.
  const catalog = await connect(settings, { readOnly: false, applicationName, schema: settings.schema })
  try {
    const { rows } = await catalog.run(
      `select current_setting('server_version'), current_schema(), pg_is_in_recovery()::text,
         current_setting('default_transaction_read_only'), d.oid::text,
         case when $1::text is null then true else exists (select 1 from pg_catalog.pg_namespace where nspname = $1) end
       from pg_catalog.pg_database d where d.datname = current_database()`,
      [settings.schema ?? null],
    )
    const [fullVersion, current, recovering, readOnly, oid, schemaExists] = rows[0] as (string | null)[]
    const where = catalog.where
    if (schemaExists === 'f') {
      const message = `schema ${settings.schema} does not exist`
      throw new EtlError('E208', message, { kind: 'usage', where, hint: 'create it, or correct `schema`' })
    }
    if (!options.readOnly && (recovering === 'true' || readOnly === 'on')) {
      const reason = recovering === 'true' ? 'is a standby' : 'has default_transaction_read_only on'
      const hint = 'connect to the primary server, and as a role that may write'
      throw new EtlError('E305', `the server ${reason}`, { kind: 'connection', where, hint })
    }
    await refuseSharedSessions(catalog, () =>
      connect(settings, { readOnly: true, applicationName, schema: settings.schema }),
    )
    if (options.readOnly) await catalog.run('set default_transaction_read_only = on')
    const version = fullVersion?.split(' ')[0] ?? ''
    const identity = { uid: await uidOf(catalog, oid ?? ''), label: nameOf(settings, version), version }
    return new PgDatabase(connector, identity, catalog, settings, options, settings.schema ?? current ?? 'public')
  } catch (error) {
    await catalog.close()
    throw error
  }
}

function nameOf(settings: Settings, version: string): string {
  return label(settings).replace('postgres ', `postgres ${version} `)
}

/** The cluster's own number, which a managed server may keep to itself; then the address that it sees itself at. */
async function uidOf(connection: PgConnection, oid: string): Promise<string> {
  try {
    const result = await connection.run('select system_identifier from pg_catalog.pg_control_system()')
    return `postgres:${result.rows[0]?.[0]}:${oid}`
  } catch (error) {
    if (!(error instanceof EtlError) || error.code !== 'E304') throw error
    const result = await connection.run(
      `select coalesce(host(inet_server_addr()), 'local'), coalesce(inet_server_port(), 0)`,
    )
    return `postgres:${result.rows[0]?.join(':')}:${oid}`
  }
}
