import { access, constants } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Column, Table, TableRef } from '../catalog.js'
import type {
  ConnectionConfig,
  Connector,
  Database,
  Identity,
  Lock,
  MissingRight,
  OpenOptions,
  Session,
} from '../connector.js'
import { EtlError } from '../errors.js'
import { locateFolder } from './location.js'
import type { TargetFormat } from './target-files.js'
import { TargetFiles } from './target-files.js'
import { FILE_COLUMNS, FILE_TABLE, type FileTableSql, fileTableSql, TargetSession } from './target-session.js'

const LEDGER = '.etl/ledger.sqlite'

/**
 * A folder that each run writes files to.
 *
 * @param ledger the connector of a database that is a file called by `path`: what is kept beside the files lives there
 */
export async function openTarget(
  connector: Connector,
  ledger: Connector,
  config: ConnectionConfig,
  options: OpenOptions,
  format: TargetFormat,
): Promise<Database> {
  const { path, roots = [] } = config as ConnectionConfig & {
    readonly path: string
    readonly roots?: readonly string[]
  }
  const folder = await locateFolder(path, options.baseDir, roots)
  const database = await ledger.open({ type: ledger.name, path: join(folder, LEDGER) }, { ...options, create: true })
  return new TargetDatabase(connector, database, new TargetFiles(format, folder, path))
}

class TargetDatabase implements Database {
  readonly connector: Connector
  readonly identity: Identity
  readonly #ledger: Database
  readonly #files: TargetFiles
  readonly #sql: FileTableSql
  #prepared: Promise<void> | undefined

  constructor(connector: Connector, ledger: Database, files: TargetFiles) {
    this.connector = connector
    this.#ledger = ledger
    this.#files = files
    this.#sql = fileTableSql(ledger.connector.capabilities.dialect)
    this.identity = {
      uid: `${connector.name}:${ledger.identity.uid}`,
      label: `${connector.name} files in ${files.label}`,
      version: '',
    }
  }

  /** Those of the ledger: a file of the target is nothing to look at. */
  listTables(): Promise<readonly TableRef[]> {
    return this.#ledger.listTables()
  }

  table(ref: TableRef): Promise<Table | undefined> {
    return this.#ledger.table(ref)
  }

  async describe(): Promise<readonly Column[]> {
    throw new EtlError('E308', 'files answer no queries', { kind: 'usage' })
  }

  /** `select` where the file is there. */
  async rights(ref: TableRef): Promise<{ readonly select: boolean; readonly write: boolean }> {
    const file = await this.#files.file(this.#files.name(ref))
    return { select: await this.#files.exists(file), write: await writable(file.path) }
  }

  async missingCreateRight(ref: TableRef): Promise<MissingRight | undefined> {
    return this.#ledger.missingCreateRight?.(ref)
  }

  async session(options: { readonly readOnly: boolean }): Promise<Session> {
    if (!options.readOnly) {
      this.#prepared ??= this.#prepare()
      await this.#prepared
    }
    return new TargetSession(await this.#ledger.session(options), this.#files, this.#sql, options)
  }

  /** One for the whole folder: another pipeline may be about to write the same file. */
  lock(): Promise<Lock | undefined> {
    return this.#ledger.lock('folder')
  }

  close(): Promise<void> {
    return this.#ledger.close()
  }

  async #prepare(): Promise<void> {
    if ((await this.#ledger.table(FILE_TABLE)) !== undefined) return
    const session = await this.#ledger.session({ readOnly: false })
    try {
      await session.createTable(FILE_TABLE, FILE_COLUMNS, ['name'])
    } finally {
      await session.close()
    }
  }
}

/** Asks the nearest folder there is. */
async function writable(path: string): Promise<boolean> {
  const folder = dirname(path)
  try {
    await access(folder, constants.W_OK)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && folder !== path && writable(folder)
  }
}
