import { resolve } from 'node:path'
import type { ConnectionConfig } from './connector.js'
import { EtlError } from './errors.js'
import { readPlainFile } from './plain-file.js'
import { Type } from './schema.js'

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

export const insecureTls = Type.Optional(
  Type.Boolean({
    description:
      'Lets a connection to another machine go where nobody has proved who answers there: what passes, the password too, may be read or changed on its way. Each command warns of it.',
    default: false,
  }),
)

/** What the connection blocks of database servers have in common, for their schema. */
export const serverProperties = {
  database: Type.Optional(
    Type.String({ description: 'Name of the database; needed where there is no `url`.', minLength: 1 }),
  ),
  user: Type.Optional(Type.String({ description: 'Login; needed where there is no `url`.', minLength: 1 })),
  password: Type.Optional(Type.String({ description: "The login's password. Default: none." })),
  sslmode: Type.Optional(
    Type.Enum(SSL_MODES, {
      description:
        'How the connection is encrypted: `disable` · `prefer` (where the server can) · `require` (without looking at the certificate) · `verify-ca` · `verify-full` (certificate and host name). Default: `disable` on this machine, `verify-full` elsewhere; less than that is for servers elsewhere only with `insecure_tls`.',
    }),
  ),
  ssl_ca: Type.Optional(
    Type.String({
      description: 'File with the certificates to trust, for `verify-ca` and `verify-full`. Default: those of Node.js.',
      minLength: 1,
    }),
  ),
  insecure_tls: insecureTls,
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
  keepalive: Type.Optional(
    Type.Integer({
      description:
        'Seconds without traffic after which the system asks whether the other side is still there; 0 never asks. It notices a dead network, though not a server that hangs.',
      minimum: 0,
      maximum: 86400,
      default: 30,
    }),
  ),
}

/** @param limits what else the server says of it */
export function idleTimeout(limits: string = '') {
  return Type.Optional(
    Type.Integer({
      description: `Seconds after which the server ends a writing session that is in a transaction and says nothing, so that the locks of a lost one are freed; 0 is without limit.${limits}`,
      minimum: 0,
      maximum: 2000000,
      default: 3600,
    }),
  )
}

/** The common part of a block after its defaults. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly sslmode: SslMode
  readonly ca: string | undefined
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly keepaliveMs: number
}

export interface ServerAddress {
  readonly port: number
  /** The first names the server where an example is shown. */
  readonly protocols: readonly [string, ...string[]]
}

/**
 * Takes `url` apart and adds the defaults. Throws E103, E104 or E215 where the block cannot be understood, E230 where it
 * trusts whoever answers, E309 where the certificates cannot be read.
 */
export function readServer(config: ConnectionConfig, baseDir: string, address: ServerAddress): ServerSettings {
  const url = config.url === undefined ? {} : parseUrl(String(config.url), address.protocols)
  const given: Record<string, unknown> = { ...config }
  for (const [name, value] of Object.entries(url)) {
    if (config[name] !== undefined)
      throw wrongBlock('E215', `\`url\` and \`${name}\` say the same thing`, 'keep one of them')
    given[name] = value
  }
  const text = (name: string): string | undefined => (given[name] === undefined ? undefined : String(given[name]))
  const host = text('host') ?? 'localhost'
  const database = text('database')
  const user = text('user')
  if (database === undefined)
    throw wrongBlock('E104', 'the database is not named', 'add `database`, or name it in `url`')
  if (user === undefined) throw wrongBlock('E104', 'the user is not named', 'add `user`, or name it in `url`')
  const ca = text('ssl_ca')
  const local = config.socket !== undefined || isLocal(host)
  const sslmode = (text('sslmode') as SslMode | undefined) ?? (local ? 'disable' : 'verify-full')
  // A certificate authority of one's own signs nobody else's servers, so there its signature is proof.
  const proven = sslmode === 'verify-full' || (sslmode === 'verify-ca' && ca !== undefined)
  if (!local && !proven && config.insecure_tls !== true) {
    throw unproven(`\`sslmode: ${sslmode}\``, 'use `sslmode: verify-full`, with `ssl_ca` for a certificate of your own')
  }
  return {
    host,
    port: Number(given.port ?? address.port),
    database,
    user,
    password: text('password') ?? '',
    sslmode,
    ca: ca === undefined ? undefined : readCertificates(resolve(baseDir, ca)),
    connectTimeoutMs: Number(given.connect_timeout ?? 10) * 1000,
    statementTimeoutMs: Math.ceil(Number(given.statement_timeout ?? 0) * 1000),
    keepaliveMs: Number(given.keepalive ?? 30) * 1000,
  }
}

/** E230: a server elsewhere could be anybody's. */
export function unproven(what: string, hint: string): EtlError {
  return new EtlError('E230', `${what} does not prove which server answers on another machine`, {
    kind: 'usage',
    hint: `${hint}; or say \`insecure_tls: true\` where the network between is yours`,
  })
}

export function wrongBlock(code: 'E103' | 'E104' | 'E215', message: string, hint: string): EtlError {
  return new EtlError(code, message, { kind: 'usage', hint })
}

export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function parseUrl(text: string, protocols: ServerAddress['protocols']): Record<string, unknown> {
  const hint = `write ${protocols[0]}://user:password@host:port/database`
  const invalid = wrongBlock('E103', '`url` is not an address', hint)
  if (!URL.canParse(text)) throw invalid
  const url = new URL(text)
  if (!protocols.includes(url.protocol.slice(0, -1))) throw invalid
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
    else throw wrongBlock('E103', `parameter \`${name}\` of \`url\` is not taken`, 'allowed: sslmode, connect_timeout')
  }
  return found
}

function readCertificates(path: string): string {
  try {
    return readPlainFile(path, 10_000_000).toString('utf8')
  } catch (cause) {
    throw new EtlError('E309', `cannot read the certificates of ${path}`, { kind: 'connection', cause })
  }
}
