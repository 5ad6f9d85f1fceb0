import { connect as dial, isIP, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Connection, ConnectionOptions, FieldPacket, QueryError, QueryOptions, ResultSetHeader } from 'mysql2'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import { quoteText } from './dialect.js'
import type { ErrorContext } from './errors.js'
import { toEtlError } from './errors.js'
import type { Settings } from './spec.js'

export interface Result {
  readonly rows: Row[]
  readonly fields: readonly FieldPacket[]
  readonly affected: number
  /** First generated key of the statement; 0 where there is none. */
  readonly insertId: number | string
  readonly warnings: number
}

export interface ConnectOptions {
  readonly readOnly: boolean
  readonly applicationName: string
}

/** Facts of the server that decide how we write. */
export interface Server {
  readonly version: string
  readonly mariadb: boolean
  readonly localInfile: boolean
  readonly maxPacket: number
  readonly keyStep: number
}

const INFILE_CHUNK = 256 * 1024
const KEEP_ALIVE_MS = 30_000

/** One session of the server with everything pinned that decides how values look. Errors are {@link EtlError}. */
export class MyConnection {
  readonly where: string
  /** Resolves when the connection breaks while nothing is asked. */
  readonly lost: Promise<void>
  server: Server = { version: '', mariadb: false, localInfile: false, maxPacket: 1 << 20, keyStep: 1 }
  readonly #driver: Connection
  #lost: EtlError | undefined
  #inTransaction = false
  /** The transaction is gone or in doubt: a statement more would be committed on its own. */
  #doomed: EtlError | undefined

  constructor(driver: Connection, where: string) {
    this.#driver = driver
    this.where = where
    // Without a listener the loss of an idle connection would end the process.
    this.lost = new Promise(resolve => {
      driver.on('error', (error: unknown) => {
        this.#lost ??= toEtlError(error, { where })
        resolve()
      })
    })
  }

  /** False where the connection, or the transaction on it, is gone. */
  get sound(): boolean {
    return this.#lost === undefined && this.#doomed === undefined
  }

  get id(): number {
    return this.#driver.threadId ?? 0
  }

  /** Runs exactly one statement. With binds it is prepared, and every bind travels as text: numbers would as doubles. */
  async run(sql: string, params: readonly Value[] = [], context: Partial<ErrorContext> = {}): Promise<Result> {
    return await this.#next(context, async () => {
      return await new Promise<Result>((resolve, reject) => {
        const done = (error: QueryError | null, result: unknown, fields: FieldPacket[]): void => {
          if (error) reject(error)
          else resolve(resultOf(result, fields))
        }
        if (params.length === 0) this.#driver.query({ sql, rowsAsArray: true }, done)
        else this.#driver.execute({ sql, rowsAsArray: true }, params.map(bind), done)
      })
    })
  }

  /** Answers the server's wish for the file of this very statement, and of no other. */
  async load(sql: string, bytes: Buffer, context: Partial<ErrorContext>): Promise<Result> {
    return await this.#next(context, async () => {
      return await new Promise<Result>((resolve, reject) => {
        const options: QueryOptions = { sql, infileStreamFactory: () => Readable.from(chunksOf(bytes)) }
        this.#driver.query(options, (error, result, fields) => {
          if (error) reject(error)
          else resolve(resultOf(result, fields))
        })
      })
    })
  }

  /** Columns of a statement, which is prepared and not run. */
  async describe(sql: string): Promise<readonly FieldPacket[]> {
    return await this.#next({}, async () => {
      return await new Promise((resolve, reject) => {
        this.#driver.prepare(sql, (error, statement) => {
          if (error) return reject(error)
          const { columns } = statement as unknown as { columns: FieldPacket[] }
          this.#driver.unprepare(sql)
          resolve(columns)
        })
      })
    })
  }

  /** Rows as they come; the server waits while nobody takes them. `stop` is asked to end the statement early. */
  async *stream(sql: string, stop: () => Promise<void>): AsyncGenerator<Row> {
    if (this.#lost !== undefined) throw this.#lost
    const query = this.#driver.query({ sql, rowsAsArray: true })
    const ended = new Promise<void>(resolve => {
      query.once('end', () => resolve())
      // Also keeps the error of a statement that was stopped from ending the process.
      query.on('error', () => resolve())
    })
    let complete = false
    try {
      for await (const row of query.stream({ highWaterMark: 500 })) yield row as Row
      complete = true
    } catch (error) {
      throw toEtlError(error, { where: this.where })
    } finally {
      if (!complete) await stop().catch(() => {})
      await ended
    }
  }

  async begin(sql: string): Promise<void> {
    await this.run(sql)
    this.#inTransaction = true
  }

  async commit(): Promise<void> {
    await this.run('commit')
    this.#inTransaction = false
  }

  async rollback(): Promise<void> {
    this.#inTransaction = false
    this.#doomed = undefined
    await this.run('rollback').catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#lost === undefined) {
      await new Promise<void>(resolve => {
        this.#driver.once('error', () => resolve())
        this.#driver.end(() => resolve())
      })
    }
    this.#driver.destroy()
  }

  async #next<T>(context: Partial<ErrorContext>, work: () => Promise<T>): Promise<T> {
    const refused = this.#lost ?? this.#doomed
    if (refused !== undefined) throw refused
    try {
      return await work()
    } catch (error) {
      const found = toEtlError(error, { where: this.where, ...context })
      if (this.#inTransaction && found.kind === 'transient') this.#doomed = found
      throw found
    }
  }
}

function bind(value: Value): string | Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value
  if (typeof value === 'boolean') return value ? '1' : '0'
  return Object.is(value, -0) ? '-0' : String(value)
}

function resultOf(result: unknown, fields: FieldPacket[] | undefined): Result {
  if (Array.isArray(result)) {
    return { rows: result as Row[], fields: fields ?? [], affected: 0, insertId: 0, warnings: 0 }
  }
  const header = result as ResultSetHeader
  return {
    rows: [],
    fields: [],
    affected: header.affectedRows,
    insertId: header.insertId,
    warnings: header.warningStatus,
  }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += INFILE_CHUNK) yield bytes.subarray(at, at + INFILE_CHUNK)
}

/** `mysql host:port/database`. */
export function label(settings: Settings): string {
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  return `mysql ${settings.socket ?? `${host}:${settings.port}`}/${settings.database}`
}

type Ssl = Exclude<ConnectionOptions['ssl'], string | undefined>

function ssl(settings: Settings): Ssl | undefined {
  const trust = settings.ca === undefined ? {} : { ca: settings.ca }
  switch (settings.sslmode) {
    case 'disable':
      return undefined
    case 'prefer':
    case 'require':
      return { rejectUnauthorized: false }
    case 'verify-ca':
      return { rejectUnauthorized: true, ...trust }
    case 'verify-full':
      return { rejectUnauthorized: true, verifyIdentity: true, ...trust }
  }
}

/**
 * A driver given an address instead of a name tells TLS no host, and TLS would compare the certificate with `localhost`;
 * the socket it is given is asked first. Node sets `_host` itself where it looked a name up.
 */
function dialAddress({ host, port }: Settings): Socket {
  const socket = dial({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
  return Object.assign(socket, { _host: host })
}

export async function connect(settings: Settings, options: ConnectOptions): Promise<MyConnection> {
  const where = label(settings)
  const tls = ssl(settings)
  try {
    return await attempt(settings, options, where, tls)
  } catch (error) {
    const plain = error instanceof EtlError && error.message === 'the server takes no TLS'
    if (settings.sslmode !== 'prefer' || !plain) throw error
    return await attempt(settings, options, where, undefined)
  }
}

async function attempt(
  settings: Settings,
  options: ConnectOptions,
  where: string,
  tls: Ssl | undefined,
): Promise<MyConnection> {
  const { createConnection } = await driver()
  // Every option by name: nothing of the file reaches the driver unseen.
  const client = createConnection({
    ...(settings.socket === undefined ? { host: settings.host, port: settings.port } : { socketPath: settings.socket }),
    user: settings.user,
    password: settings.password,
    database: settings.database,
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(tls?.verifyIdentity === true && isIP(settings.host) !== 0 ? { stream: () => dialAddress(settings) } : {}),
    charset: 'UTF8MB4_BIN',
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    decimalNumbers: false,
    jsonStrings: true,
    rowsAsArray: true,
    multipleStatements: false,
    flags: options.readOnly ? ['-LOCAL_FILES'] : [],
    maxPreparedStatements: 200,
    connectTimeout: settings.connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    connectAttributes: { program_name: options.applicationName },
  })
  const connection = new MyConnection(client, where)
  try {
    await new Promise<void>((resolve, reject) => {
      client.connect(error => (error ? reject(error) : resolve()))
    })
  } catch (error) {
    client.destroy()
    throw toEtlError(error, { where, connecting: true })
  }
  try {
    connection.server = await pin(connection, settings, options)
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function driver(): Promise<typeof import('mysql2')> {
  try {
    return await import('mysql2')
  } catch (cause) {
    throw new EtlError('E310', 'the driver `mysql2` is missing', {
      kind: 'connection',
      hint: 'npm install mysql2',
      cause,
    })
  }
}

/** Bad values are errors, a key of 0 stays 0, and a table gets the engine it asks for or none. */
const SQL_MODE = [
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_VALUE_ON_ZERO',
  'NO_ENGINE_SUBSTITUTION',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'STRICT_ALL_TABLES',
  'STRICT_TRANS_TABLES',
]

const WAIT_SECONDS = 7 * 24 * 3600

async function pin(connection: MyConnection, settings: Settings, options: ConnectOptions): Promise<Server> {
  // Not by @@name: servers differ in what they have.
  const found = await connection.run(
    `show variables where variable_name in ('version', 'local_infile', 'max_allowed_packet', 'auto_increment_increment',
       'binlog_format', 'log_bin')`,
  )
  const variables = new Map(found.rows.map(([name, value]) => [String(name).toLowerCase(), String(value)]))
  const version = variables.get('version') ?? ''
  // A server that logs statements refuses them at the lower level.
  const repeatable =
    options.readOnly || (variables.get('binlog_format') === 'STATEMENT' && variables.get('log_bin') === 'ON')
  const isolation = repeatable ? 'repeatable read' : 'read committed'
  await connection.run(
    `set session sql_mode = ${quoteText(SQL_MODE.join(','))}, time_zone = '+00:00', autocommit = 1, ` +
      `default_storage_engine = InnoDB, sql_warnings = 0, sql_notes = 1, sql_safe_updates = 0, sql_auto_is_null = 0, ` +
      `foreign_key_checks = 1, unique_checks = 1, group_concat_max_len = 1048576, ` +
      // A reader may rightly wait for hours while a slow target catches up.
      `wait_timeout = ${WAIT_SECONDS}, net_write_timeout = ${WAIT_SECONDS}, net_read_timeout = 600, ` +
      `innodb_lock_wait_timeout = ${settings.lockTimeout}`,
  )
  await connection.run(`set session transaction isolation level ${isolation}`)
  if (options.readOnly) await connection.run('set session transaction read only')
  const check = await connection.run(
    `select @@session.sql_mode, @@session.time_zone, @@session.character_set_client, @@session.character_set_results`,
  )
  const [mode = '', zone, client, results] = (check.rows[0] ?? []).map(String)
  const modes = mode.split(',')
  const wrong =
    SQL_MODE.find(name => !modes.includes(name)) ??
    ['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'PAD_CHAR_TO_FULL_LENGTH'].find(name => modes.includes(name))
  if (wrong !== undefined || zone !== '+00:00' || client !== 'utf8mb4' || results !== 'utf8mb4') {
    const name = wrong === undefined ? 'time zone or character set' : 'sql_mode'
    const message = `the session setting ${name} cannot be set`
    throw new EtlError('E308', message, { kind: 'connection', where: connection.where })
  }
  return {
    version,
    mariadb: /mariadb/i.test(version),
    localInfile: variables.get('local_infile') === 'ON',
    maxPacket: Number(variables.get('max_allowed_packet') ?? 1 << 20),
    keyStep: Number(variables.get('auto_increment_increment') ?? 1),
  }
}
