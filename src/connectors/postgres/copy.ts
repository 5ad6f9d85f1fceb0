import { devNull } from 'node:os'
import { basename } from 'node:path'
import type { TableRef } from '../../core/catalog.js'
import { EtlError } from '../../core/errors.js'
import type { CopySink, NativeCopy } from '../../core/native-copy.js'
import { runTool, type ToolCall, ToolError, toolOutput, withSecrets } from '../../core/tool.js'
import { label, type PgConnection } from './connection.js'
import { quoteRef } from './dialect.js'
import { beginReading, takeSnapshot } from './snapshot.js'
import type { Settings } from './spec.js'

/** A restore that cannot have a table because somebody works in it says so, rather than wait. */
const LOCK_TIMEOUT = '30s'

interface Place {
  readonly settings: Settings
  readonly version: string
  connect(): Promise<PgConnection>
  close(): Promise<void>
}

/** `pg_dump -Fc`, where it is of the server's own major version. */
export async function pgCopy(place: Place): Promise<NativeCopy | { readonly unavailable: string }> {
  const { settings } = place
  if (settings.sslmode.startsWith('verify') && settings.ca === undefined)
    return { unavailable: 'pg_dump knows no certificates without `ssl_ca`' }
  const versions: string[] = []
  for (const command of ['pg_dump', 'pg_restore']) {
    const version = await versionOf(command)
    if (version === undefined) return { unavailable: `${command} is not installed` }
    versions.push(version)
  }
  const major = place.version.split('.')[0]
  const other = versions.find(version => version.split('.')[0] !== major)
  if (other !== undefined) return { unavailable: `pg_dump ${other} does not match the server, ${place.version}` }
  return {
    tool: `pg_dump ${versions[0]}`,
    format: 'pg_dump',
    extension: '.dump',
    always: false,
    copy: (sink, tables, signal) => copy(place, sink, tables, signal),
    check,
    restore: async file => {
      await place.close()
      await restore(settings, file)
    },
  }
}

async function versionOf(command: string): Promise<string | undefined> {
  const text = await runTool({ command, args: ['--version'] }).catch(() => '')
  return /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(text)?.[1]
}

/** The rows are counted in the very snapshot that is dumped. */
async function copy(
  { settings, connect }: Place,
  sink: CopySink,
  tables: readonly TableRef[],
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const snapshot = await takeSnapshot(await connect())
  try {
    const rows = snapshot === undefined ? undefined : await countRows(await connect(), snapshot.id, tables)
    const args = ['--format=custom', ...(snapshot === undefined ? [] : [`--snapshot=${snapshot.id}`])]
    await asUser(settings, async login => {
      await sink.write(toolOutput({ ...login, command: 'pg_dump', args: [...login.args, ...args], signal }))
    })
    return rows
  } catch (error) {
    throw failed(error, 'E540', settings, 'nothing was written; check that the login may read all of the database')
  } finally {
    await snapshot?.close()
  }
}

async function countRows(connection: PgConnection, snapshot: string, tables: readonly TableRef[]): Promise<number[]> {
  try {
    await beginReading(connection, snapshot)
    const counts: number[] = []
    for (const table of tables) {
      const ref = { schema: table.schema ?? 'public', table: table.table }
      counts.push(Number((await connection.run(`select count(*) from ${quoteRef(ref)}`)).rows[0]?.[0]))
    }
    return counts
  } finally {
    await connection.close()
  }
}

/** Reads all of it: the list of contents alone looks right in a file that was cut. */
async function check(file: string): Promise<void> {
  try {
    await runTool({ command: 'pg_restore', args: [`--file=${devNull}`, file] })
  } catch (cause) {
    throw new EtlError('E541', `${basename(file)} is no whole backup of pg_dump`, {
      where: file,
      hint: 'nothing was touched; restore another backup',
      cause,
    })
  }
}

async function restore(settings: Settings, file: string): Promise<void> {
  const args = ['--clean', '--if-exists', '--single-transaction', '--exit-on-error', file]
  try {
    await asUser(settings, async login => {
      await runTool({ ...login, command: 'pg_restore', args: [...login.args, ...args] })
    })
  } catch (error) {
    throw failed(
      error,
      'E543',
      settings,
      'nothing was changed: it was one transaction; mend what it says and restore again',
    )
  }
}

/** A login that is in no list of processes: the password and certificates are in files of this user's only. */
async function asUser(
  settings: Settings,
  work: (login: Pick<ToolCall, 'args' | 'env' | 'secrets'>) => Promise<void>,
): Promise<void> {
  const { host, port, database, user, password, sslmode, ca, connectTimeoutMs } = settings
  const secret = password.replaceAll(/[\\:]/g, '\\$&')
  await withSecrets([`*:*:*:*:${secret}\n`, ...(ca === undefined ? [] : [ca])], async secrets => {
    const [passfile, trusted] = secrets.paths
    const wanted = {
      host,
      port,
      dbname: database,
      user,
      sslmode,
      connect_timeout: Math.ceil(connectTimeoutMs / 1000),
      ...(trusted === undefined ? {} : { sslrootcert: trusted }),
    }
    const address = Object.entries(wanted).map(([key, value]) => `${key}=${quoted(String(value))}`)
    const own = { PGPASSWORD: undefined, PGSERVICE: undefined, PGPASSFILE: passfile }
    const env = { ...own, PGOPTIONS: `-c lock_timeout=${LOCK_TIMEOUT}` }
    await work({ args: [`--dbname=${address.join(' ')}`, '--no-password'], env, secrets })
  })
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}

/** The tool's first complaint: what follows it may quote rows. */
function failed(error: unknown, code: 'E540' | 'E543', settings: Settings, hint: string): unknown {
  if (!(error instanceof ToolError)) return error
  const complaint = error.stderr.split('\n').find(line => /error:/i.test(line)) ?? ''
  const what = complaint.replace(/^.*?error:\s*/i, '').replace(/^could not execute query:\s*ERROR:\s*/, '')
  return new EtlError(code, what === '' ? error.message : `${error.message}: ${what}`, {
    where: label(settings),
    hint,
    cause: error,
  })
}
