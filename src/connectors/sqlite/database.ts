import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Column, Table, TableRef } from '../../core/catalog.js'
import type {
  ConnectionConfig,
  Connector,
  Database,
  Identity,
  Lock,
  MissingRight,
  NewColumn,
  OpenOptions,
  Session,
  SessionOptions,
  Snapshot,
  SnapshotOptions,
} from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { NativeCopy } from '../../core/native-copy.js'
import type { ServerFacts } from '../../core/server-facts.js'
import { type SnapshotPool, snapshotGone } from '../../core/snapshot-pool.js'
import { describeQuery, listTables, readTable } from './catalog.js'
import type { FileOptions } from './connection.js'
import { Connection } from './connection.js'
import { sqliteCopy } from './copy.js'
import { lockFile } from './lock.js'
import { SqliteSession } from './session.js'
import { takeSnapshot } from './snapshot.js'
import { DEFAULT_BUSY_TIMEOUT } from './spec.js'
import { Turn } from './turn.js'
import { declaredType, logicalType } from './types.js'

/** Opens the file of a `sources.X` or `target` block. */
export async function openDatabase(
  connector: Connector,
  config: ConnectionConfig,
  options: OpenOptions,
): Promise<Database> {
  const path = String(config.path)
  const absolute = resolve(options.baseDir, path)
  const missing = prepareFile(absolute, path, options)
  const file: FileOptions = {
    // A dry run whose target does not exist yet sees what the run would begin with: an empty database.
    file: missing && options.readOnly ? ':memory:' : absolute,
    path,
    busyTimeout: typeof config.busy_timeout === 'number' ? config.busy_timeout : DEFAULT_BUSY_TIMEOUT,
  }
  let catalog: Connection | undefined
  try {
    catalog = await Connection.open(file, options.readOnly)
    if (!options.readOnly) checkWritable(catalog)
    return new SqliteDatabase(connector, catalog, absolute, options.readOnly)
  } catch (error) {
    catalog?.close()
    throw options.readOnly ? error : targetError(error, path)
  }
}

/** Where a file was to be written, "cannot be opened" is a matter of rights. */
function targetError(error: unknown, path: string): unknown {
  if (!(error instanceof EtlError) || error.native?.startsWith('SQLITE_CANTOPEN') !== true) return error
  return new EtlError('E305', `${path} cannot be written`, {
    kind: 'connection',
    where: path,
    hint: 'check the rights of the file and of its folder',
    cause: error,
  })
}

/** True where the file does not exist (and may be created). */
function prepareFile(absolute: string, path: string, options: OpenOptions): boolean {
  if (existsSync(absolute)) {
    const found = statSync(absolute)
    if (found.isFile()) {
      checkHeader(absolute, path)
      return false
    }
    // A pipe would be waited for, and a device has no end.
    const what = found.isDirectory() ? 'a folder' : 'a pipe or a device'
    throw new EtlError('E303', `${path} is ${what}, not a database file`, {
      kind: 'connection',
      where: path,
      hint: 'check path: it must name an SQLite 3 database file',
    })
  }
  if (options.create !== true) {
    throw new EtlError('E303', `the database file ${path} does not exist`, {
      kind: 'connection',
      where: path,
      hint: `looked for ${absolute}; a relative path starts at the folder of the pipeline file`,
    })
  }
  if (options.readOnly) return true
  try {
    mkdirSync(dirname(absolute), { recursive: true })
  } catch (cause) {
    throw new EtlError('E305', `the folder of ${path} cannot be created`, {
      kind: 'connection',
      where: path,
      hint: 'check the path and the rights of its folder',
      cause,
    })
  }
  return true
}

const HEADER = 'SQLite format 3\u0000'

/** SQLite takes a very short file for an empty database, and would write over somebody's notes. */
function checkHeader(absolute: string, path: string): void {
  const { size } = statSync(absolute)
  if (size === 0 || size >= 512 || readFileSync(absolute).subarray(0, HEADER.length).toString('latin1') === HEADER)
    return
  throw new EtlError('E303', `${path} is not an SQLite database`, {
    kind: 'connection',
    where: path,
    hint: 'check path: it must name an SQLite 3 database file',
  })
}

/**
 * A target that cannot be written is found out before the first row, not after reading the first batch. Only a change
 * tells: beginning a transaction succeeds on a read-only file. It is rolled back and never reaches the file.
 */
function checkWritable(connection: Connection): void {
  try {
    connection.execute('begin immediate')
    try {
      connection.execute('create table etl_write_probe (id integer)')
    } finally {
      connection.execute('rollback')
    }
  } catch (error) {
    if (error instanceof EtlError && error.code === 'E307') return
    throw error
  }
}

function isWal(connection: Connection): boolean {
  return connection.query('pragma journal_mode')[0]?.[0] === 'wal'
}

/** How often each file is open for writing in this process: a source may be the target's own file. */
const written = new Map<string, number>()

function countWriters(place: string, step: 1 | -1): void {
  written.set(place, (written.get(place) ?? 0) + step)
}

class SqliteDatabase implements Database {
  readonly connector: Connector
  readonly identity: Identity
  readonly #catalog: Connection
  readonly #readOnly: boolean
  readonly #absolute: string
  readonly #place: string
  readonly #turn = new Turn()
  readonly #snapshots = new Map<string, SnapshotPool<Connection>>()

  constructor(connector: Connector, catalog: Connection, absolute: string, readOnly: boolean) {
    this.connector = connector
    this.#catalog = catalog
    this.#absolute = absolute
    this.#readOnly = readOnly
    this.#place = realPath(absolute)
    this.identity = identify(catalog, this.#place)
    if (!readOnly) countWriters(this.#place, 1)
  }

  async listTables(): Promise<readonly TableRef[]> {
    return listTables(this.#catalog)
  }

  async table(ref: TableRef): Promise<Table | undefined> {
    return readTable(this.#catalog, ref)
  }

  async size({ table }: Table): Promise<number | undefined> {
    const [row] = this.#catalog.query(
      'select sum(pgsize) from dbstat where name in (select name from sqlite_schema where tbl_name = ?)',
      [table],
    )
    return row?.[0] == null ? undefined : Number(row[0])
  }

  created({ type }: NewColumn): Pick<Column, 'type' | 'native'> {
    const native = declaredType(type)
    return { type: logicalType(native), native }
  }

  async describe(query: string): Promise<readonly Column[]> {
    return describeQuery(this.#catalog, query)
  }

  async rights(ref: TableRef): Promise<{ readonly select: boolean; readonly write: boolean }> {
    const table = readTable(this.#catalog, ref)
    return { select: table !== undefined, write: table?.kind === 'table' && isWritable(this.#absolute) }
  }

  async missingCreateRight(): Promise<MissingRight | undefined> {
    const { path } = this.#catalog.file
    const places = existsSync(this.#absolute) ? [this.#absolute, dirname(this.#absolute)] : [dirname(this.#absolute)]
    const place = places.map(nearest).find(each => !isWritable(each))
    if (place === undefined) return undefined
    // The journal of a transaction is a file beside the database.
    const what = place === this.#absolute ? path : `the folder of ${path}`
    return {
      message: `${what} cannot be written, so no table can be created in ${path}`,
      hint: `\`chmod u+w '${place}'\` as its owner`,
    }
  }

  /** Each session is a connection of its own; writing ones take turns. A closed database leaves open sessions alone. */
  async session(options: SessionOptions): Promise<Session> {
    if (this.#readOnly && !options.readOnly) {
      throw new EtlError('E305', `${this.#catalog.file.path} is opened for reading only`, { kind: 'connection' })
    }
    if (options.snapshot !== undefined) {
      const pool = this.#snapshots.get(options.snapshot)
      if (pool === undefined) throw snapshotGone()
      const { connection, giveBack } = await pool.take()
      return new SqliteSession(connection, {
        readOnly: true,
        paged: false,
        turn: this.#turn,
        giveBack: () => giveBack(connection.db.inTransaction),
      })
    }
    const connection = await Connection.open(this.#catalog.file, options.readOnly)
    return new SqliteSession(connection, {
      readOnly: options.readOnly,
      paged: !options.readOnly || !this.#canHold(isWal(connection)),
      turn: this.#turn,
    })
  }

  async snapshot({ sessions, id }: SnapshotOptions): Promise<Snapshot | undefined> {
    const wal = isWal(this.#catalog)
    if (id !== undefined || !this.#canHold(wal)) return undefined
    const readers: Connection[] = []
    try {
      for (let i = 0; i < sessions; i++) readers.push(await Connection.open(this.#catalog.file, true))
      const taken = takeSnapshot(this.#catalog, readers, wal)
      if (taken !== undefined) this.#snapshots.set(taken.id, taken.pool)
      else for (const reader of readers) reader.close()
      return taken
    } catch (error) {
      for (const reader of readers) reader.close()
      throw error
    }
  }

  /** Without a write-ahead log an open snapshot keeps every writer from committing. */
  #canHold(wal: boolean): boolean {
    return wal || (written.get(this.#place) ?? 0) === 0
  }

  async nativeCopy(): Promise<NativeCopy> {
    return sqliteCopy(this.#catalog, this.#place, () => this.close())
  }

  async facts(): Promise<ServerFacts> {
    return { bulk: 'prepared inserts in one transaction' }
  }

  lock(name: string): Promise<Lock | undefined> {
    return lockFile(this.#absolute, this.#catalog.file.path, name)
  }

  async close(): Promise<void> {
    if (!this.#catalog.db.open) return
    if (!this.#readOnly) countWriters(this.#place, -1)
    this.#catalog.close()
  }
}

/**
 * SQLite files carry no id of their own, so the place is the identity: the real path (links resolved) and the
 * application id of the header. It survives any change of rows or schema; a copy elsewhere is another database.
 */
function identify(connection: Connection, realPlace: string): Identity {
  const version = String(connection.query('select sqlite_version()')[0]?.[0])
  const application = String(connection.query('pragma application_id')[0]?.[0])
  const place = `${realPlace}\n${application}`
  return {
    uid: `sqlite:${createHash('sha256').update(place).digest('hex').slice(0, 32)}`,
    label: `sqlite ${version} ${connection.file.path}`,
    version,
  }
}

/** The real path also of what does not exist yet: links are resolved as far as there is something. */
function realPath(absolute: string): string {
  if (existsSync(absolute)) return realpathSync(absolute)
  const parent = dirname(absolute)
  return parent === absolute ? absolute : join(realPath(parent), basename(absolute))
}

function isWritable(absolute: string): boolean {
  try {
    accessSync(existsSync(absolute) ? absolute : dirname(absolute), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The place itself or the first folder above it that is there: the others are made when they are needed. */
function nearest(place: string): string {
  return existsSync(place) || dirname(place) === place ? place : nearest(dirname(place))
}
