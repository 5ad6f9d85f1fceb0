import { connect as dial, isIP, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Connection, ConnectionOptions, FieldPacket, QueryError, QueryOptions, ResultSetHeader } from 'mysql2'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import { within } from '../../core/within.js'
import type { ErrorContext } from './errors.js'
import { toEtlError } from './errors.js'
import { pin, type Server } from './pin.js'
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

/** How long a server that lives may need to say that a statement took too long. */
const GRACE_MS = 2000
const CLOSE_MS = 5000

const INFILE_CHUNK = 256 * 1024

/** One session of the server with everything pinned that decides how values look. Errors are {@link EtlError}. */
export class MyConnection {
  readonly where: string
  /** Resolves when the connection breaks while nothing is asked. */
  readonly lost: Promise<void>
  server: Server = { version: '', mariadb: false, localInfile: false, maxPacket: 1 << 20, keyStep: 1 }
  readonly #driver: Connection
  #lost: EtlError | undefined
  /** Milliseconds for a statement, or the next row of one; 0 is without limit. */
  #patience: { readonly ms: number; readonly late: () => EtlError }
  #inTransaction = false
  /** The transaction is gone or in doubt: a statement more would be committed on its own. */
  #doomed: EtlError | undefined

  constructor(driver: Connection, where: string, connectMs: number) {
    this.#driver = driver
    // What prepares the session is part of connecting.
    this.#patience = { ms: connectMs, late: () => toEtlError({ code: 'ETIMEDOUT' }, { where, connecting: true }) }
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
  async load(sql: string, slices: readonly Buffer[], context: Partial<ErrorContext>): Promise<Result> {
    return await this.#next(context, async () => {
      return await new Promise<Result>((resolve, reject) => {
        const options: QueryOptions = { sql, infileStreamFactory: () => Readable.from(chunksOf(slices)) }
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
    const source = query.stream({ highWaterMark: 500 })
    let broken: (error: Error) => void = () => {}
    const ended = new Promise<void>(resolve => {
      query.once('end', () => resolve())
      // Also keeps the error of a statement that was stopped from ending the process.
      query.on('error', () => resolve())
      broken = error => {
        source.destroy(error)
        resolve()
      }
    })
    // A statement without a callback is not told that its connection is lost.
    this.#driver.once('error', broken)
    const rows = source[Symbol.asyncIterator]()
    let complete = false
    try {
      for (;;) {
        const { value, done } = await this.#inTime(() => rows.next())
        if (done === true) break
        yield value as Row
      }
      complete = true
    } catch (error) {
      throw toEtlError(error, { where: this.where })
    } finally {
      if (!complete) {
        // Makes the driver drop what the server sends until it has stopped.
        await rows.return?.()
        if (this.sound) await stop().catch(() => {})
      }
      await ended
      this.#driver.off('error', broken)
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
      const end = (): Promise<void> =>
        new Promise(resolve => {
          this.#driver.once('error', () => resolve())
          this.#driver.end(() => resolve())
        })
      await within(CLOSE_MS, end, () => this.#abandon(new Error('the server does not answer'))).catch(() => {})
    }
    this.#driver.destroy()
  }

  /** From now on a statement, or the next row of one, may take so many milliseconds; 0 is without limit. */
  limit(statementMs: number): void {
    const late = (): EtlError =>
      new EtlError('E306', 'the server did not answer within `statement_timeout`', {
        kind: 'transient',
        where: this.where,
        hint: 'look at the server and the network to it, or raise `statement_timeout`',
      })
    this.#patience = { ms: statementMs === 0 ? 0 : statementMs + GRACE_MS, late }
  }

  #inTime<T>(work: () => Promise<T>): Promise<T> {
    const { ms, late } = this.#patience
    return within(ms, work, () => this.#abandon(late()))
  }

  #abandon<E extends Error>(error: E): E {
    // `destroy` of the driver only says goodbye, and waits for an answer.
    const { stream } = this.#driver as Connection & { readonly stream: Socket }
    this.#lost ??= toEtlError(error, { where: this.where })
    stream.destroy(error)
    return error
  }

  async #next<T>(context: Partial<ErrorContext>, work: () => Promise<T>): Promise<T> {
    const refused = this.#lost ?? this.#doomed
    if (refused !== undefined) throw refused
    try {
      return await this.#inTime(work)
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

function* chunksOf(slices: readonly Buffer[]): Generator<Buffer> {
  for (const bytes of slices) {
    for (let at = 0; at < bytes.length; at += INFILE_CHUNK) yield bytes.subarray(at, at + INFILE_CHUNK)
  }
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
function dialAddress({ host, port, keepaliveMs }: Settings): Socket {
  const socket = dial({ host, port, noDelay: true, keepAlive: keepaliveMs > 0, keepAliveInitialDelay: keepaliveMs })
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
    enableKeepAlive: settings.keepaliveMs > 0,
    keepAliveInitialDelay: settings.keepaliveMs,
    connectAttributes: { program_name: options.applicationName },
  })
  const connection = new MyConnection(client, where, settings.connectTimeoutMs)
  try {
    await new Promise<void>((resolve, reject) => {
      client.connect(error => (error ? reject(error) : resolve()))
    })
    // The driver keeps it for a change of users, and shows it to whoever prints the connection.
    Object.assign(client.config, { password: undefined, password1: undefined, passwordSha1: undefined })
  } catch (error) {
    client.destroy()
    throw toEtlError(error, { where, connecting: true })
  }
  try {
    connection.server = await pin(sql => connection.run(sql), settings, { readOnly: options.readOnly, where })
    connection.limit(settings.statementTimeoutMs)
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

export { driver as loadDriver }
