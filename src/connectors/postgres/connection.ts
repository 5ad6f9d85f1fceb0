import { randomUUID } from 'node:crypto'
import type { Client, ClientConfig, Connection, FieldDef, QueryArrayConfig } from 'pg'
import { EtlError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { SslMode } from '../../core/server.js'
import { within } from '../../core/within.js'
import { type CheckFields, CopyIn } from './copy-in.js'
import { quote } from './dialect.js'
import type { ErrorContext } from './errors.js'
import { toEtlError } from './errors.js'
import { Fetch } from './fetch.js'
import { type RowPage, RowTap } from './row-tap.js'
import type { Settings } from './spec.js'

/** A row as the server writes it. */
export type TextRow = (string | null)[]

export interface Result {
  readonly rows: TextRow[]
  readonly fields: readonly FieldDef[]
  readonly command: string
  readonly count: number
}

export interface ConnectOptions {
  readonly readOnly: boolean
  readonly applicationName: string
  /** First of the search path; undefined leaves the login's own. */
  readonly schema: string | undefined
}

/** How long a server that lives may need to say that a statement took too long. */
const GRACE_MS = 2000
const CLOSE_MS = 5000

/** One session of the server with everything pinned that decides how values look. Errors are {@link EtlError}. */
export class PgConnection {
  readonly where: string
  /** Resolves when the connection breaks while nothing is asked. */
  readonly lost: Promise<void>
  readonly #client: Client
  #tap: RowTap | undefined
  /** A pooler may give us the session of others, with what they have prepared. */
  readonly #own = randomUUID()
  #lost: EtlError | undefined
  /** Milliseconds for a statement; 0 is without limit. */
  #patience: { readonly ms: number; readonly late: () => EtlError }
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: Client, where: string, connectMs: number) {
    this.#client = client
    // What prepares the session is part of connecting.
    this.#patience = { ms: connectMs, late: () => toEtlError(new Error('timeout'), { where, connecting: true }) }
    this.where = where
    // Without a listener the loss of an idle connection would end the process.
    this.lost = new Promise(resolve => {
      client.on('error', error => {
        this.#lost ??= toEtlError(error, { where })
        resolve()
      })
    })
  }

  /** Runs exactly one statement: the extended protocol refuses a second one. */
  async run(sql: string, params: readonly Value[] = [], context: Partial<ErrorContext> = {}): Promise<Result> {
    return await this.#query(sql, params, context)
  }

  /** The same for a statement that is run again and again: planned only the first few times. */
  async prepared(name: string, sql: string, params: readonly Value[]): Promise<Result> {
    return await this.#query(sql, params, {}, `etl_${this.#own}_${name}`)
  }

  async #query(sql: string, params: readonly Value[], context: Partial<ErrorContext>, name?: string): Promise<Result> {
    const query: QueryArrayConfig & { queryMode: 'extended' } = {
      ...(name === undefined ? {} : { name }),
      text: sql,
      values: params.map(bind),
      rowMode: 'array',
      queryMode: 'extended',
    }
    return await this.#next(context, async () => {
      const result = await this.#client.query<TextRow>(query)
      return { rows: result.rows, fields: result.fields, command: result.command, count: result.rowCount ?? 0 }
    })
  }

  /** The number of rows that the server took. */
  async copy(
    sql: string,
    pieces: readonly Uint8Array[],
    context: Partial<ErrorContext>,
    check?: CheckFields,
  ): Promise<number> {
    return await this.#next(context, async () => await this.#client.query(new CopyIn(sql, pieces, check)).done)
  }

  /** Rows of a cursor of ours. */
  async fetch(sql: string): Promise<RowPage> {
    return await this.#next({}, async () => {
      this.#tap ??= new RowTap(this.#stream)
      return await this.#client.query(new Fetch(sql, this.#tap)).done
    })
  }

  async close(): Promise<void> {
    const end = (): Promise<void> => this.#client.end()
    await within(CLOSE_MS, end, () => this.#abandon(new Error('the server does not answer'))).catch(() => {})
  }

  /** The number of the session as whoever we log in to gives it. */
  get announcedPid(): number | undefined {
    return (this.#client as Client & { readonly processID?: number | null }).processID ?? undefined
  }

  /** From now on a statement may take so many milliseconds; 0 is without limit. */
  limit(statementMs: number): void {
    const late = (): EtlError =>
      new EtlError('E306', 'the server did not answer within `statement_timeout`', {
        kind: 'transient',
        where: this.where,
        hint: 'look at the server and the network to it, or raise `statement_timeout`',
      })
    this.#patience = { ms: statementMs === 0 ? 0 : statementMs + GRACE_MS, late }
  }

  #abandon<E extends Error>(error: E): E {
    this.#lost ??= toEtlError(error, { where: this.where })
    this.#stream.destroy(error)
    return error
  }

  get #stream(): Connection['stream'] {
    return (this.#client as Client & { readonly connection: Connection }).connection.stream
  }

  /** One statement after the other: readers that share the session ask at the same time. */
  #next<T>(context: Partial<ErrorContext>, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      try {
        if (this.#lost !== undefined) throw this.#lost
        const { ms, late } = this.#patience
        return await within(ms, work, () => this.#abandon(late()))
      } catch (error) {
        throw toEtlError(error, { where: this.where, ...context })
      }
    })
    this.#last = turn.catch(() => {})
    return turn
  }
}

function bind(value: Value): unknown {
  return Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? value.toString() : value
}

export async function connect(settings: Settings, options: ConnectOptions): Promise<PgConnection> {
  const where = label(settings)
  if (settings.sslmode !== 'prefer') return await attempt(settings, options, where, ssl(settings.sslmode, settings.ca))
  try {
    return await attempt(settings, options, where, { rejectUnauthorized: false })
  } catch (error) {
    if (!(error instanceof EtlError) || error.code !== 'E309') throw error
    return await attempt(settings, options, where, false)
  }
}

/** `postgres host:port/database`. */
export function label(settings: Settings): string {
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  return `postgres ${host}:${settings.port}/${settings.database}`
}

type Ssl = NonNullable<ClientConfig['ssl']>

function ssl(mode: Exclude<SslMode, 'prefer'>, ca: string | undefined): Ssl {
  const trust = ca === undefined ? {} : { ca }
  switch (mode) {
    case 'disable':
      return false
    case 'require':
      return { rejectUnauthorized: false }
    case 'verify-ca':
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...trust }
    case 'verify-full':
      return { rejectUnauthorized: true, ...trust }
  }
}

async function attempt(settings: Settings, options: ConnectOptions, where: string, tls: Ssl): Promise<PgConnection> {
  const { Client } = await driver()
  const client = new Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    // As a function: an empty text would make pg look into the environment and the user's password file.
    password: () => settings.password,
    ssl: tls,
    options: '-c client_encoding=UTF8',
    application_name: options.applicationName,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    keepAlive: settings.keepaliveMs > 0,
    keepAliveInitialDelayMillis: settings.keepaliveMs,
    types: { getTypeParser: () => (text: string) => text },
  })
  const connection = new PgConnection(client, where, settings.connectTimeoutMs)
  try {
    await client.connect()
  } catch (error) {
    await connection.close()
    throw toEtlError(error, { where, connecting: true })
  }
  try {
    await pin(connection, settings, options)
    connection.limit(settings.statementTimeoutMs)
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function driver(): Promise<typeof import('pg')['default']> {
  // Where nothing says what the runtime is, which Node does from 21 on, pg makes a Response to find out: all of fetch is loaded for it.
  const unnamed = !('navigator' in globalThis)
  if (unnamed) Object.assign(globalThis, { navigator: { userAgent: `Node.js/${process.versions.node}` } })
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw new EtlError('E310', 'the driver `pg` is missing', { kind: 'connection', hint: 'npm install pg', cause })
  } finally {
    if (unnamed) Reflect.deleteProperty(globalThis, 'navigator')
  }
}

/** Settings that decide how a value looks as text; a pooler may have handed us someone else's session. */
const EXACT: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  client_encoding: 'UTF8',
  lc_monetary: 'C',
  xmloption: 'content',
}

async function pin(connection: PgConnection, settings: Settings, options: ConnectOptions): Promise<void> {
  const wanted: Record<string, string> = {
    ...EXACT,
    statement_timeout: String(settings.statementTimeoutMs),
    lock_timeout: '0',
    client_min_messages: 'error',
    // A writer that hangs holds locks; a reader may rightly wait for hours while a slow target catches up.
    idle_in_transaction_session_timeout: options.readOnly ? '0' : String(settings.idleTimeoutMs),
    idle_session_timeout: '0',
    tcp_keepalives_idle: '60',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '6',
    client_connection_check_interval: '10000',
    ...(options.readOnly ? { default_transaction_read_only: 'on' } : {}),
    ...(options.schema === undefined ? {} : { search_path: searchPath(options.schema) }),
  }
  const names = Object.keys(wanted)
  // Older servers lack some of the timeouts: only what pg_settings knows is set.
  const result = await connection.run(
    `select s.name, set_config(s.name, w.value, false) from (select unnest(string_to_array($1, E'\\n')) as name, ` +
      `unnest(string_to_array($2, E'\\n')) as value) w join pg_catalog.pg_settings s on lower(s.name) = lower(w.name)`,
    [names.join('\n'), names.map(name => wanted[name]).join('\n')],
  )
  const actual = new Map(result.rows.map(([name, value]) => [name?.toLowerCase(), value]))
  for (const [name, value] of Object.entries(EXACT)) {
    if (actual.get(name.toLowerCase()) === value) continue
    const message = `the session setting ${name} cannot be set to ${value}`
    throw new EtlError('E308', message, { kind: 'connection', where: connection.where })
  }
}

/** `public` stays last, for the types and operators of extensions that live there. */
function searchPath(schema: string): string {
  return schema === 'public' ? 'public' : `${quote(schema)}, public`
}

export { driver as loadDriver }
