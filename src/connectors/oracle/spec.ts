import { resolve } from 'node:path'
import type { ConnectionConfig } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { insecureTls, isLocal, unproven } from '../../core/server.js'
import { addressesOf, lookUpName } from './tns-names.js'

export const properties = {
  connect_string: Type.Optional(
    Type.String({
      description:
        'Where the database is: Easy Connect `host:1521/service` or `tcps://host:2484/service`, a whole `(DESCRIPTION=…)`, or a name of `tnsnames.ora`. Use either this or `host` and `service`. Default: none.',
      minLength: 1,
    }),
  ),
  host: Type.Optional(
    Type.String({ description: 'Host name or address, together with `service`. Default: none.', minLength: 1 }),
  ),
  port: Type.Optional(
    Type.Integer({ description: 'TCP port of the listener.', minimum: 1, maximum: 65535, default: 1521 }),
  ),
  service: Type.Optional(Type.String({ description: 'Service name of the database. Default: none.', minLength: 1 })),
  user: Type.String({ description: 'Login.', minLength: 1 }),
  password: Type.String({ description: "The login's password." }),
  schema: Type.Optional(
    Type.String({
      description: "Schema of tables named without one, as it is stored (mostly upper case); default: the login's own.",
      minLength: 1,
    }),
  ),
  tns_admin: Type.Optional(
    Type.String({
      description: 'Folder of `tnsnames.ora`, for a name as `connect_string`. Default: none.',
      minLength: 1,
    }),
  ),
  wallet: Type.Optional(
    Type.Object(
      {
        dir: Type.String({ description: 'Folder of `ewallet.pem`.', minLength: 1 }),
        password: Type.Optional(Type.String({ description: "The wallet's password. Default: none." })),
      },
      { description: 'Certificates for an encrypted connection. Default: none.', additionalProperties: false },
    ),
  ),
  pool: Type.Optional(
    Type.Object(
      {
        min: Type.Optional(
          Type.Integer({ description: 'Connections kept open.', minimum: 0, maximum: 1000, default: 0 }),
        ),
        max: Type.Optional(
          Type.Integer({ description: 'Connections open at most.', minimum: 1, maximum: 1000, default: 10 }),
        ),
      },
      {
        description: 'How many connections are kept. Default: up to 10, none of them kept open.',
        additionalProperties: false,
      },
    ),
  ),
  thick: Type.Optional(
    Type.Object(
      {
        lib_dir: Type.Optional(
          Type.String({ description: "Folder of Oracle's client libraries; default: where the system finds them." }),
        ),
      },
      {
        description:
          "Uses Oracle's own client libraries, which must be installed. Needed for databases older than 12.1 (11g), for Native Network Encryption and for old passwords.",
        additionalProperties: false,
      },
    ),
  ),
  insecure_tls: insecureTls,
  connect_timeout: Type.Optional(
    Type.Number({ description: 'Seconds to wait for a connection.', minimum: 1, maximum: 3600, default: 20 }),
  ),
  call_timeout: Type.Optional(
    Type.Number({
      description: 'Seconds one exchange with the server may take; 0 is without limit.',
      minimum: 0,
      default: 0,
    }),
  ),
  keepalive: Type.Optional(
    Type.Integer({
      description:
        'Seconds without traffic after which the system asks whether the other side is still there; 0 never asks; whole minutes, rounded up. It notices a dead network, though not a server that hangs.',
      minimum: 0,
      maximum: 86400,
      default: 60,
    }),
  ),
}

/** The block after its defaults. */
export interface Settings {
  readonly connectString: string
  readonly user: string
  readonly password: string
  readonly schema: string | undefined
  readonly tnsAdmin: string | undefined
  readonly wallet: { readonly dir: string; readonly password: string | undefined } | undefined
  readonly pool: { readonly min: number; readonly max: number }
  readonly thick: { readonly libDir: string | undefined } | undefined
  readonly connectTimeout: number
  readonly callTimeoutMs: number
  readonly keepaliveMinutes: number
}

export function readSettings(config: ConnectionConfig, baseDir: string): Settings {
  const text = (name: string): string | undefined => (config[name] === undefined ? undefined : String(config[name]))
  const path = (value: unknown): string | undefined =>
    value === undefined || value === '' ? undefined : resolve(baseDir, String(value))
  const pool = (config.pool ?? {}) as { min?: number; max?: number }
  const wallet = config.wallet as { dir: string; password?: string } | undefined
  const thick = config.thick as { lib_dir?: string } | undefined
  const { user, password } = config
  if (user === undefined) throw usage('E104', 'the user is not named', 'add `user`')
  const max = pool.max ?? 10
  const min = pool.min ?? 0
  if (min > max) throw usage('E105', '`pool.min` is larger than `pool.max`', 'lower `pool.min`')
  const address = connectString(text('connect_string'), text('host'), text('port'), text('service'))
  const tnsAdmin = path(config.tns_admin)
  if (config.insecure_tls !== true) refuseUnproven(address, tnsAdmin, thick !== undefined)
  return {
    connectString: address,
    user: String(user),
    password: String(password ?? ''),
    schema: text('schema'),
    tnsAdmin,
    wallet: wallet === undefined ? undefined : { dir: path(wallet.dir) ?? baseDir, password: wallet.password },
    pool: { min, max },
    thick: thick === undefined ? undefined : { libDir: path(thick.lib_dir) },
    connectTimeout: Number(config.connect_timeout ?? 20),
    callTimeoutMs: Math.ceil(Number(config.call_timeout ?? 0) * 1000),
    keepaliveMinutes: Math.ceil(Number(config.keepalive ?? 60) / 60),
  }
}

function connectString(
  whole: string | undefined,
  host: string | undefined,
  port: string | undefined,
  service: string | undefined,
): string {
  if (whole !== undefined) {
    const other =
      host !== undefined ? 'host' : port !== undefined ? 'port' : service !== undefined ? 'service' : undefined
    if (other === undefined) return whole
    throw usage('E215', `\`connect_string\` and \`${other}\` say the same thing`, 'keep one of them')
  }
  if (host === undefined)
    throw usage('E104', 'the database is not named', 'add `connect_string`, or `host` and `service`')
  if (service === undefined) throw usage('E104', 'the service is not named', 'add `service`')
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? '1521'}/${service}`
}

/** E230 for a server elsewhere that need not prove who it is, also where a name of the block's own `tns_admin` leads there. */
function refuseUnproven(address: string, tnsAdmin: string | undefined, thick: boolean): void {
  const known = tnsAdmin !== undefined && isName(address) ? lookUpName(tnsAdmin, address) : undefined
  if (known !== undefined && known.descriptions.length === 0 && (thick || known.elsewhere)) {
    throw unproven('a name that `tnsnames.ora` itself does not describe', 'write its description into that file')
  }
  const addresses = known === undefined ? [address] : known.descriptions
  if (addresses.flatMap(unprovenHosts).some(host => !isLocal(host))) {
    throw unproven(
      'a connection without TLS, or with `ssl_server_dn_match` off,',
      'use `connect_string: tcps://host:port/service`',
    )
  }
}

/** Names of tnsnames.ora have neither a port nor a path. */
function isName(connectString: string): boolean {
  return /^[^:,;/?#()[\]]+$/.test(connectString.trim())
}

/**
 * Hosts that a connect string reaches without proof that it is them: over plain TCP, or by TLS that does not look at the
 * name. Of Easy Connect `[tcp://]host[,host…][:port][/service]`, and of a whole description. A name of tnsnames.ora says
 * nothing of it: what stands there decides, see {@link refuseUnproven}; where no `tns_admin` is given, the settings of the
 * machine that runs this name the file, and are trusted as it is.
 */
export function unprovenHosts(connectString: string): readonly string[] {
  const text = connectString.replace(/\s/g, '')
  const blind = BLIND.test(text) || QUOTED_PARENTHESIS.test(text)
  if (text.startsWith('(')) {
    const addresses = addressesOf(text)
    const proven = addresses.every(({ protocols }) => protocols.length > 0 && protocols.every(name => name === 'TCPS'))
    return blind || !proven ? addresses.flatMap(({ hosts }) => hosts) : []
  }
  const [, protocol, hosts] = /^(?:(?:([^:/]+):)?\/\/)?([^/?#]*)/.exec(text) ?? []
  if (hosts === undefined || isName(connectString) || (!blind && protocol?.toLowerCase() === 'tcps')) return []
  return hosts.split(/[,;]/).map(host => host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'))
}

/** What one reader takes for a part of the description and another for a text. */
const QUOTED_PARENTHESIS = /"[^"]*[()][^"]*"|\\/

/** What keeps the driver from comparing the certificate with the host. */
const BLIND = /(?:SSL|TLS)_SERVER_DN_MATCH="?(?!(?:yes|on|true)\b)|(?:SSL|TLS)_ALLOW_WEAK_DN_MATCH="?(?:yes|on|true)\b/i

function usage(code: 'E104' | 'E105' | 'E215', message: string, hint: string): EtlError {
  return new EtlError(code, message, { kind: 'usage', hint })
}
