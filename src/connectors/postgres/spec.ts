import type { ConnectionConfig } from '../../core/connector.js'
import { Type } from '../../core/schema.js'
import { idleTimeout, readServer, type ServerSettings, serverProperties } from '../../core/server.js'

const { database, user, password, sslmode, ssl_ca, insecure_tls, connect_timeout, statement_timeout, keepalive } =
  serverProperties

export const properties = {
  url: Type.Optional(
    Type.String({
      description:
        'Address as `postgres://user:password@host:port/database`; of its parameters only `sslmode` and `connect_timeout` are taken. Use either `url` or the single keys.',
      pattern: '^(postgres|postgresql)://',
    }),
  ),
  host: Type.Optional(
    Type.String({ description: 'Host name, address, or the folder of a Unix socket.', default: 'localhost' }),
  ),
  port: Type.Optional(
    Type.Integer({ description: 'TCP port of the server.', minimum: 1, maximum: 65535, default: 5432 }),
  ),
  database,
  user,
  password,
  schema: Type.Optional(
    Type.String({
      description: "Schema of tables named without one; default: the login's current schema, mostly `public`.",
      minLength: 1,
    }),
  ),
  sslmode,
  ssl_ca,
  insecure_tls,
  connect_timeout,
  statement_timeout,
  idle_timeout: idleTimeout(),
  keepalive,
}

/** The block after its defaults: everything a connection needs, nothing taken from the environment. */
export interface Settings extends ServerSettings {
  readonly schema: string | undefined
  readonly idleTimeoutMs: number
}

export function readSettings(config: ConnectionConfig, baseDir: string): Settings {
  return {
    ...readServer(config, baseDir, { port: 5432, protocols: ['postgres', 'postgresql'] }),
    schema: config.schema === undefined ? undefined : String(config.schema),
    idleTimeoutMs: Number(config.idle_timeout ?? 3600) * 1000,
  }
}
