import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { TableRef } from '../../core/catalog.js'
import { EtlError } from '../../core/errors.js'
import type { CopySink, NativeCopy } from '../../core/native-copy.js'
import { runTool, type ToolCall, ToolError, toolOutput, withSecrets } from '../../core/tool.js'
import { label, type MyConnection } from './connection.js'
import { quoteRef } from './dialect.js'
import type { Server } from './pin.js'
import type { Settings } from './spec.js'

const TAIL = 4096

interface Place {
  readonly settings: Settings
  readonly catalog: MyConnection
  close(): Promise<void>
}

interface Tools {
  readonly dump: string
  readonly client: string
  readonly version: string
}

/** `mariadb-dump` or `mysqldump`, where it is of the server's own kind and version and loses nothing. */
export async function myCopy(place: Place): Promise<NativeCopy | { readonly unavailable: string }> {
  const { settings, catalog } = place
  const { server } = catalog
  if (settings.sslmode.startsWith('verify') && settings.ca === undefined)
    return { unavailable: 'mysqldump knows no certificates without `ssl_ca`' }
  const tools = await toolsFor(server)
  if ('unavailable' in tools) return tools
  const { rows } = await catalog.run(
    `select c.table_name from information_schema.columns c join information_schema.tables t
       on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
     where c.table_schema = ? and c.data_type = 'float' order by c.table_name limit 1`,
    [settings.database],
  )
  // Measured: it writes fewer digits than tell one FLOAT from the next.
  if (rows.length > 0) return { unavailable: `${tools.dump} would lose digits of FLOAT columns (${rows[0]?.[0]})` }
  return {
    tool: `${tools.dump} ${tools.version}`,
    format: 'mysqldump',
    extension: '.sql',
    always: false,
    copy: (sink, tables, signal) => copy(place, tools, sink, tables, signal),
    check,
    restore: async file => {
      await place.close()
      await restore(settings, server, tools, file)
    },
  }
}

async function toolsFor(server: Server): Promise<Tools | { readonly unavailable: string }> {
  const kinds = server.mariadb ? (['mariadb', 'mysql'] as const) : (['mysql'] as const)
  const release = /\d+\.\d+/.exec(server.version)?.[0]
  let other: string | undefined
  for (const kind of kinds) {
    const names = kind === 'mariadb' ? ['mariadb-dump', 'mariadb'] : ['mysqldump', 'mysql']
    const [dump = '', client = ''] = names
    const texts = await Promise.all(
      names.map(command => runTool({ command, args: ['--version'] }).catch(() => undefined)),
    )
    const version = versionIn(texts[0], server.mariadb)
    if (texts.includes(undefined) || version === undefined) continue
    if (/\d+\.\d+/.exec(version)?.[0] === release) return { dump, client, version }
    other = `${dump} ${version}`
  }
  if (other !== undefined) return { unavailable: `${other} does not match the server, ${server.version}` }
  return { unavailable: `${server.mariadb ? 'mariadb-dump' : 'mysqldump'} is not installed` }
}

/** Undefined where the program is of the other kind. */
function versionIn(text: string | undefined, mariadb: boolean): string | undefined {
  if (text === undefined || /mariadb/i.test(text) !== mariadb) return undefined
  return mariadb ? /(\d+\.\d+\.\d+)-MariaDB/i.exec(text)?.[1] : /Ver (\d+\.\d+\.\d+)/.exec(text)?.[1]
}

/** Nobody can join the tool's snapshot: the rows are told where they were as many before as after. */
async function copy(
  { settings, catalog }: Place,
  tools: Tools,
  sink: CopySink,
  tables: readonly TableRef[],
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const { server } = catalog
  const args = [
    '--single-transaction',
    '--quick',
    '--hex-blob',
    '--routines',
    '--triggers',
    '--no-tablespaces',
    '--default-character-set=utf8mb4',
    ...(server.mariadb ? [] : ['--set-gtid-purged=OFF']),
    settings.database,
  ]
  try {
    const before = await countRows(catalog, tables)
    await asUser(settings, server, async login => {
      await sink.write(toolOutput({ ...login, command: tools.dump, args: [...login.args, ...args], signal }))
    })
    const after = await countRows(catalog, tables)
    return before.every((rows, i) => rows === after[i]) ? after : undefined
  } catch (error) {
    throw failed(error, 'E540', settings, 'nothing was written; check that the login may read all of the database')
  }
}

async function countRows(connection: MyConnection, tables: readonly TableRef[]): Promise<number[]> {
  const counts: number[] = []
  for (const table of tables)
    counts.push(Number((await connection.run(`select count(*) from ${quoteRef(table)}`)).rows[0]?.[0]))
  return counts
}

/** A dump that was cut would be played up to the cut, and its first statement drops a table. */
async function check(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const tail = Buffer.alloc(Math.min(TAIL, size))
    await handle.read(tail, 0, tail.length, size - tail.length)
    if (/\n-- Dump completed[^\n]*\n?$/.test(tail.toString('latin1'))) return
  } finally {
    await handle.close()
  }
  throw new EtlError('E541', `${basename(file)} is no whole dump: its last line is missing`, {
    where: file,
    hint: 'nothing was touched; restore another backup',
  })
}

async function restore(settings: Settings, server: Server, tools: Tools, file: string): Promise<void> {
  const args = ['--default-character-set=utf8mb4', '--binary-mode', settings.database]
  try {
    await asUser(settings, server, async login => {
      await runTool({ ...login, command: tools.client, args: [...login.args, ...args], input: file })
    })
  } catch (error) {
    const hint =
      'the server takes no such statements back: some tables may be restored and others not; mend what it says and ' +
      'restore again, or restore the backup that was made before'
    throw failed(error, 'E543', settings, hint)
  }
}

/** A login that is in no list of processes, in a file of this user's only; the user's own option files are not read. */
async function asUser(
  settings: Settings,
  server: Server,
  work: (login: Pick<ToolCall, 'args' | 'secrets'>) => Promise<void>,
): Promise<void> {
  const { host, port, socket, user, password, ca } = settings
  const lines = [
    '[client]',
    `user=${quoted(user)}`,
    `password=${quoted(password)}`,
    ...(socket === undefined
      ? [`host=${quoted(host)}`, `port=${port}`, 'protocol=tcp']
      : [`socket=${quoted(socket)}`, 'protocol=socket']),
    ...sslLines(settings, server.mariadb),
  ]
  await withSecrets([`${lines.join('\n')}\n`, ...(ca === undefined ? [] : [ca])], async secrets => {
    const [login, trusted] = secrets.paths
    await work({
      args: [`--defaults-file=${login}`, ...(trusted === undefined ? [] : [`--ssl-ca=${trusted}`])],
      secrets,
    })
  })
}

const SSL_MODES = {
  disable: 'DISABLED',
  prefer: 'PREFERRED',
  require: 'REQUIRED',
  'verify-ca': 'VERIFY_CA',
  'verify-full': 'VERIFY_IDENTITY',
} as const

function sslLines({ sslmode }: Settings, mariadb: boolean): string[] {
  if (!mariadb) return [`ssl-mode=${SSL_MODES[sslmode]}`]
  if (sslmode === 'disable') return ['skip-ssl']
  if (sslmode === 'prefer') return []
  return sslmode === 'require' ? ['ssl'] : ['ssl', 'ssl-verify-server-cert']
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

/** The tool's first complaint, by number and place: the words behind them may quote a value. */
function failed(error: unknown, code: 'E540' | 'E543', settings: Settings, hint: string): unknown {
  if (!(error instanceof ToolError)) return error
  const complaint = error.stderr.split('\n').find(line => /error/i.test(line)) ?? ''
  const what = /ERROR \d+ \([0-9A-Z]+\)(?: at line \d+)?|error: \d+/i.exec(complaint)?.[0] ?? ''
  return new EtlError(code, what === '' ? error.message : `${error.message}: ${what}`, {
    where: label(settings),
    hint,
    cause: error,
  })
}
