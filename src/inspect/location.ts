import { basename, dirname } from 'node:path'
import type { ConnectionConfig } from '../core/connector.js'
import { EtlError } from '../core/errors.js'

export interface Location {
  readonly config: ConnectionConfig
  /** Relative paths start here; absent: where the caller is. */
  readonly dir?: string
  /** Of a file: what it is called as a table. */
  readonly table?: string
}

const FILES: Readonly<Record<string, string>> = { '.csv': 'csv', '.jsonl': 'jsonl', '.ndjson': 'jsonl' }
const DATABASES = /\.(?:sqlite3?|db3?|s3db)$/i

/**
 * What an address on the command line means: `postgres://…`, `mysql://…`, `oracle://user:password@host:port/service`,
 * `sqlite:path`, or the path of a database file, of `.csv` or `.jsonl`.
 *
 * @throws EtlError E520 of kind `usage`
 */
export function locationOf(url: string): Location {
  if (/^postgres(?:ql)?:\/\//.test(url)) return { config: { type: 'postgres', url } }
  if (/^(?:mysql|mariadb):\/\//.test(url)) return { config: { type: 'mysql', url } }
  if (url.startsWith('oracle://') && URL.canParse(url)) return { config: oracle(new URL(url)) }
  const path = url.replace(/^sqlite:(?:\/\/)?/, '')
  if (path !== url || DATABASES.test(path)) return { config: { type: 'sqlite', path } }
  const ending = Object.keys(FILES).find(one => path.toLowerCase().replace(/\.gz$/, '').endsWith(one))
  const type = ending === undefined ? undefined : FILES[ending]
  if (type !== undefined) return { config: { type }, dir: dirname(path), table: basename(path) }
  throw new EtlError('E520', 'the address says no database that is known', {
    kind: 'usage',
    hint: 'postgres://…, mysql://…, oracle://user:password@host:port/service, sqlite:file, or a .csv or .jsonl file',
  })
}

function oracle(url: URL): ConnectionConfig {
  return {
    type: 'oracle',
    host: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    service: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}
