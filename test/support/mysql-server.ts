import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mysql from 'mysql2/promise'
import { aptInstall, programNamed } from './apt.js'
import { crashable } from './crashable-server.js'
import { type Account, accountFor, inFolder, type ServerFolder, settingsIn } from './server-process.js'

const run = promisify(execFile)
const LOGIN = { user: 'etl', password: 'etl-test' }

export interface MysqlOptions {
  /** More server settings, `name: value`, as on its command line without the dashes. */
  readonly settings?: Readonly<Record<string, string>>
  /** Files that only the server may read, by name; a setting names their folder as `$ROOT`. */
  readonly files?: Readonly<Record<string, string>>
  /** Ignore `ETL_TEST_MYSQL_URL`: the caller wants to restart or kill the server. */
  readonly own?: boolean
}

export interface MysqlServer {
  /** A login that may do everything, on the database `mysql`. */
  readonly url: string
  readonly version: string
  readonly kind: 'url' | 'system' | 'installed'
  /** Process id of the server; undefined for a server that is not ours. */
  readonly pid: number | undefined
  /** Kills the server as a crash would and waits until it is there again; undefined for a server that is not ours. */
  readonly crash: (() => Promise<void>) | undefined
  stop(): Promise<void>
}

interface Binaries {
  readonly server: string
  /** MariaDB's script that makes the system tables; MySQL's server makes them itself. */
  readonly install: string | undefined
}

/**
 * A real MariaDB or MySQL for tests and the bench: the one of `ETL_TEST_MYSQL_URL`, else a private one made of the
 * system's binaries, which as root on Debian are installed where they are missing. A private server lives on a free
 * port and in a temporary folder, and ends with this process however that ends.
 */
export async function startMysql(options: MysqlOptions = {}): Promise<MysqlServer> {
  const url = process.env.ETL_TEST_MYSQL_URL
  if (url && options.own !== true) {
    return {
      url,
      version: await serverVersion(url),
      kind: 'url',
      pid: undefined,
      crash: undefined,
      stop: async () => {},
    }
  }
  const problems: string[] = []
  const ways: readonly ['system' | 'installed', () => Promise<Binaries>][] = [
    ['system', systemBinaries],
    ['installed', installedBinaries],
  ]
  for (const [kind, find] of ways) {
    try {
      return await startPrivate(await find(), kind, options)
    } catch (error) {
      problems.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(
    [
      'no MariaDB or MySQL to test with. Do one of these:',
      '  1. set ETL_TEST_MYSQL_URL=mysql://user:password@host:port/mysql (a login that may create databases)',
      '  2. install MariaDB or MySQL, so that mariadbd and mariadb-install-db, or mysqld, are in PATH or /usr/sbin',
      '  3. run the tests as root on Debian, where they install mariadb-server themselves',
      ...problems,
    ].join('\n'),
  )
}

async function systemBinaries(): Promise<Binaries> {
  const server = programNamed('mariadbd') ?? programNamed('mysqld')
  if (server === undefined) throw new Error('neither mariadbd nor mysqld is in PATH or /usr/sbin')
  return { server, install: programNamed('mariadb-install-db') ?? programNamed('mysql_install_db') }
}

async function installedBinaries(): Promise<Binaries> {
  await aptInstall('mariadb-server')
  return await systemBinaries()
}

async function startPrivate(
  binaries: Binaries,
  kind: MysqlServer['kind'],
  options: MysqlOptions,
): Promise<MysqlServer> {
  const taken = /bind on TCP\/IP port|address already in use/i
  return await inFolder('etl-my-', accountFor('mysql'), taken, async folder => {
    await initialise(binaries, folder.root, folder.user)
    return { ...(await launch(binaries.server, folder, options)), kind }
  })
}

async function initialise(binaries: Binaries, root: string, user: Account | undefined): Promise<void> {
  const data = `--datadir=${join(root, 'data')}`
  const small = ['--innodb-log-file-size=16M', '--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync']
  const options = { ...user, cwd: root, env: environment() }
  if (binaries.install === undefined) {
    await run(binaries.server, ['--no-defaults', '--initialize-insecure', data], options)
  } else {
    const quiet = ['--skip-test-db', '--auth-root-authentication-method=normal', '--skip-name-resolve']
    await run(binaries.install, ['--no-defaults', data, ...quiet, ...small], options)
  }
  const grants = [
    `create user if not exists '${LOGIN.user}'@'%' identified by '${LOGIN.password}';`,
    `grant all privileges on *.* to '${LOGIN.user}'@'%' with grant option;`,
  ]
  await writeFile(join(root, 'init.sql'), `${grants.join('\n')}\n`)
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C', TZ: 'UTC' }
}

async function launch(server: string, folder: ServerFolder, options: MysqlOptions): Promise<Omit<MysqlServer, 'kind'>> {
  const { root, port } = folder
  const settings = {
    datadir: join(root, 'data'),
    // A server that starts removes the temporary tables of others from a folder that they share.
    tmpdir: root,
    port: String(port),
    'bind-address': '127.0.0.1',
    socket: join(root, 'socket'),
    'pid-file': join(root, 'pid'),
    'init-file': join(root, 'init.sql'),
    'skip-name-resolve': 'ON',
    'max-connections': '100',
    'local-infile': 'ON',
    'innodb-log-file-size': '64M',
    // Tests are faster and nothing in them outlives the machine.
    'innodb-flush-log-at-trx-commit': '0',
    'innodb-fast-shutdown': '2',
    ...options.settings,
  }
  const args = (await settingsIn(folder, settings, options.files)).map(setting => `--${setting}`)
  const url = `mysql://${LOGIN.user}:${LOGIN.password}@127.0.0.1:${port}/mysql`
  const { pid, version, crash, stop } = await crashable({
    folder,
    stopSignal: 'TERM',
    command: [server, '--no-defaults', ...args],
    env: environment(),
    version: () => serverVersion(url),
  })
  return { url, pid, version, crash, stop }
}

async function serverVersion(url: string): Promise<string> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 10_000 })
  try {
    const [rows] = await connection.query<mysql.RowDataPacket[]>('select version() as version')
    return String(rows[0]?.version)
  } finally {
    await connection.end().catch(() => {})
  }
}
