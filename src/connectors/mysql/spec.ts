import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ConnectionConfig } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

export const properties = {
  url: Type.Optional(
    Type.String({
      description:
        'Address as `mysql://user:password@host:port/database`; of its parameters only `sslmode` and `connect_timeout` are taken. Use either `url` or the single keys.',
      pattern: '^(mysql|mariadb)://',
    }),
  ),
  host: Type.Optional(Type.String({ description: 'Host name or address.', default: 'localhost' })),
  port: Type.Optional(
    Type.Integer({ description: 'TCP port of the server.', minimum: 1, maximum: 65535, default: 3306 }),
  ),
  socket: Type.Optional(
    Type.String({ description: 'Path of the Unix socket, instead of `host` and `port`. Default: none.', minLength: 1 }),
  ),
  database: Type.Optional(
    Type.String({ description: 'Name of the database; needed where there is no `url`.', minLength: 1 }),
  ),
  user: Type.Optional(Type.String({ description: 'Login; needed where there is no `url`.', minLength: 1 })),
  password: Type.Optional(Type.String({ description: "The login's password. Default: none." })),
  sslmode: Type.Optional(
    Type.Enum(SSL_MODES, {
      description:
        'How the connection is encrypted: `disable` · `prefer` (where the server can) · `require` (without looking at the certificate) · `verify-ca` · `verify-full` (certificate and host name). Default: `disable` on this machine, `prefer` elsewhere.',
    }),
  ),
  ssl_ca: Type.Optional(
    Type.String({
      description: 'File with the certificates to trust, for `verify-ca` and `verify-full`. Default: those of Node.js.',
      minLength: 1,
    }),
  ),
  connect_timeout: Type.Optional(
    Type.Number({ description: 'Seconds to wait for a connection.', minimum: 1, maximum: 3600, default: 10 }),
  ),
  statement_timeout: Type.Optional(
    Type.Number({
      description:
        'Seconds a single statement may take; 0 is without limit. The server ends it; where even that is not heard, the connection counts as lost, and the batch is tried again over a new one.',
      minimum: 0,
      default: 0,
    }),
  ),
  idle_timeout: Type.Optional(
    Type.Integer({
      description:
        'Seconds after which the server ends a writing session that is in a transaction and says nothing, so that the locks of a lost one are freed; 0 is without limit. MariaDB only.',
      minimum: 0,
      maximum: 2000000,
      default: 3600,
    }),
  ),
  keepalive: Type.Optional(
    Type.Integer({
      description:
        'Seconds without traffic after which the system asks whether the other side is still there; 0 never asks. It notices a dead network, though not a server that hangs.',
      minimum: 0,
      maximum: 86400,
      default: 30,
    }),
  ),
  lock_timeout: Type.Optional(
    Type.Integer({
      description: 'Seconds to wait for a row that another session has locked.',
      minimum: 1,
      maximum: 31536000,
      default: 50,
    }),
  ),
}

/** The block after its defaults: everything a connection needs, nothing taken from the environment. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly socket: string | undefined
  readonly database: string
  readonly user: string
  readonly password: string
  readonly sslmode: SslMode
  readonly ca: string | undefined
  readonly connectTimeoutMs: number
  readonly lockTimeout: number
  readonly statementTimeoutMs: number
  readonly idleTimeout: number
  readonly keepaliveMs: number
}

export function readSettings(config: ConnectionConfig, baseDir: string): Settings {
  const url = config.url === undefined ? {} : parseUrl(String(config.url))
  const given: Record<string, unknown> = { ...config }
  for (const [name, value] of Object.entries(url)) {
    if (config[name] !== undefined)
      throw usage('E215', `\`url\` and \`${name}\` say the same thing`, 'keep one of them')
    given[name] = value
  }
  const text = (name: string): string | undefined => (given[name] === undefined ? undefined : String(given[name]))
  const socket = text('socket')
  if (socket !== undefined && (given.host !== undefined || given.port !== undefined)) {
    throw usage('E215', '`socket` excludes `host` and `port`', 'keep one way to the server')
  }
  const host = text('host') ?? 'localhost'
  const database = text('database')
  const user = text('user')
  if (database === undefined) throw usage('E104', 'the database is not named', 'add `database`, or name it in `url`')
  if (user === undefined) throw usage('E104', 'the user is not named', 'add `user`, or name it in `url`')
  const ca = text('ssl_ca')
  const local = socket !== undefined || host === 'localhost' || host === '::1' || /^127\./.test(host)
  return {
    host,
    port: Number(given.port ?? 3306),
    socket: socket === undefined ? undefined : resolve(baseDir, socket),
    database,
    user,
    password: text('password') ?? '',
    sslmode: (text('sslmode') as SslMode | undefined) ?? (local ? 'disable' : 'prefer'),
    ca: ca === undefined ? undefined : readCertificates(resolve(baseDir, ca)),
    connectTimeoutMs: Number(given.connect_timeout ?? 10) * 1000,
    lockTimeout: Number(given.lock_timeout ?? 50),
    statementTimeoutMs: Math.ceil(Number(given.statement_timeout ?? 0) * 1000),
    idleTimeout: Number(given.idle_timeout ?? 3600),
    keepaliveMs: Number(given.keepalive ?? 30) * 1000,
  }
}

function parseUrl(text: string): Record<string, unknown> {
  const invalid = usage('E103', '`url` is not an address', 'write mysql://user:password@host:port/database')
  if (!URL.canParse(text)) throw invalid
  const url = new URL(text)
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') throw invalid
  const found: Record<string, unknown> = {}
  const set = (name: string, value: string): void => {
    if (value === '') return
    try {
      found[name] = decodeURIComponent(value)
    } catch {
      throw invalid
    }
  }
  set('host', url.hostname.replace(/^\[(.*)\]$/, '$1'))
  set('port', url.port)
  set('user', url.username)
  set('password', url.password)
  set('database', url.pathname.slice(1))
  for (const [name, value] of url.searchParams) {
    if (name === 'sslmode' && (SSL_MODES as readonly string[]).includes(value)) found[name] = value
    else if (name === 'connect_timeout' && /^[1-9]\d{0,3}$/.test(value)) found[name] = Number(value)
    else throw usage('E103', `parameter \`${name}\` of \`url\` is not taken`, 'allowed: sslmode, connect_timeout')
  }
  return found
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EtlError('E309', `cannot read the certificates of ${path}`, { kind: 'connection', cause })
  }
}

function usage(code: 'E103' | 'E104' | 'E215', message: string, hint: string): EtlError {
  return new EtlError(code, message, { kind: 'usage', hint })
}
