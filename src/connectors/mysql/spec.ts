import { resolve } from 'node:path'
import type { ConnectionConfig } from '../../core/connector.js'
import { Type } from '../../core/schema.js'
import { idleTimeout, readServer, type ServerSettings, serverProperties, wrongBlock } from '../../core/server.js'

const { database, user, password, sslmode, ssl_ca, insecure_tls, connect_timeout, statement_timeout, keepalive } =
  serverProperties

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
  database,
  user,
  password,
  sslmode,
  ssl_ca,
  insecure_tls,
  connect_timeout,
  statement_timeout,
  idle_timeout: idleTimeout(' MariaDB only.'),
  keepalive,
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
export interface Settings extends ServerSettings {
  readonly socket: string | undefined
  readonly lockTimeout: number
  readonly idleTimeout: number
}

export function readSettings(config: ConnectionConfig, baseDir: string): Settings {
  const server = readServer(config, baseDir, { port: 3306, protocols: ['mysql', 'mariadb'] })
  const { socket, url } = config
  const hostOfUrl = url === undefined ? '' : new URL(String(url)).host
  if (socket !== undefined && (hostOfUrl !== '' || config.host !== undefined || config.port !== undefined)) {
    throw wrongBlock('E215', '`socket` excludes `host` and `port`', 'keep one way to the server')
  }
  return {
    ...server,
    socket: socket === undefined ? undefined : resolve(baseDir, String(socket)),
    lockTimeout: Number(config.lock_timeout ?? 50),
    idleTimeout: Number(config.idle_timeout ?? 3600),
  }
}
