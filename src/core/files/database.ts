import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import type { Column, Table, TableRef } from '../catalog.js'
import { formatTable, ROW_NUMBER } from '../catalog.js'
import type {
  Capabilities,
  ConnectionConfig,
  Connector,
  Database,
  Identity,
  Lock,
  OpenOptions,
  Session,
} from '../connector.js'
import { EtlError } from '../errors.js'
import type { FileFormat, FileHead } from './format.js'
import type { FileLocation } from './location.js'
import { locateFile } from './location.js'
import { FileSession, invalidText, ROW_NUMBER_COLUMN } from './session.js'
import type { Encoding, TextFile } from './text-stream.js'
import { isSeekable } from './text-stream.js'

/** Rows and bytes looked at for the estimate of a file's rows. */
const SAMPLE_ROWS = 1000
const SAMPLE_BYTES = 1024 * 1024

export const fileCapabilities: Omit<Capabilities, 'dialect'> = {
  singleWriter: true,
  reading: 'the state that each file had when the run began; a changed one is refused',
  sharedSnapshot: true,
  transactionalDdl: false,
  maxIdentifier: { length: 1024, unit: 'bytes' },
  columnsIgnoreCase: false,
  batchRows: 5000,
  nulInText: true,
  looseTypes: false,
  files: true,
  onThisMachine: true,
  flatPayload: true,
}

/** A folder of files, each a table that is called by its path. */
export async function openFiles(
  connector: Connector,
  config: ConnectionConfig,
  options: OpenOptions,
  format: FileFormat,
): Promise<Database> {
  const { roots = [], ...reading } = config as ConnectionConfig & { readonly roots?: readonly string[] }
  // How a file is read decides what its rows are.
  const place = JSON.stringify([await realpath(options.baseDir), roots, reading])
  const identity: Identity = {
    uid: `${connector.name}:${createHash('sha256').update(place).digest('hex').slice(0, 32)}`,
    label: `${connector.name} files`,
    version: '',
  }
  return new FileDatabase(connector, identity, config, options.baseDir, roots, format)
}

interface FoundFile {
  readonly file: TextFile
  readonly head: FileHead
}

class FileDatabase implements Database {
  readonly connector: Connector
  readonly identity: Identity
  readonly #config: ConnectionConfig
  readonly #baseDir: string
  readonly #roots: readonly string[]
  readonly #format: FileFormat
  readonly #found = new Map<string, FoundFile>()

  constructor(
    connector: Connector,
    identity: Identity,
    config: ConnectionConfig,
    baseDir: string,
    roots: readonly string[],
    format: FileFormat,
  ) {
    this.connector = connector
    this.identity = identity
    this.#config = config
    this.#baseDir = baseDir
    this.#roots = roots
    this.#format = format
  }

  async listTables(): Promise<readonly TableRef[]> {
    return [...this.#found.keys()].map(table => ({ table }))
  }

  async table(ref: TableRef): Promise<Table | undefined> {
    const name = formatTable(ref)
    const location = await locateFile(name, this.#baseDir, this.#roots)
    if (location === undefined) return undefined
    const { file, head } = await this.#open(location)
    const estimatedRows = await this.#estimate(file, head)
    const { type, native } = this.#format
    const columns = head.columns.map((column): Column => {
      return { name: column, type, native, nullable: true, hasDefault: false }
    })
    return {
      table: name,
      kind: 'table',
      columns: [...columns, ROW_NUMBER_COLUMN],
      primaryKey: [ROW_NUMBER],
      uniques: [],
      foreignKeys: [],
      transactional: false,
      version: file.version,
      ...(estimatedRows === undefined ? {} : { estimatedRows }),
    }
  }

  async size(table: Table): Promise<number | undefined> {
    return this.#found.get(table.table)?.file.size
  }

  async describe(): Promise<readonly Column[]> {
    throw new EtlError('E308', 'files answer no queries', { kind: 'usage', hint: 'name the file: `from: { file: … }`' })
  }

  async rights(ref: TableRef): Promise<{ readonly select: boolean; readonly write: boolean }> {
    return { select: (await locateFile(formatTable(ref), this.#baseDir, this.#roots)) !== undefined, write: false }
  }

  async session(options: { readonly readOnly: boolean }): Promise<Session> {
    if (!options.readOnly) throw new EtlError('E305', 'files are read only', { kind: 'connection' })
    return new FileSession(this.#format, async name => {
      const known = this.#found.get(name)
      if (known !== undefined) return known
      const location = await locateFile(name, this.#baseDir, this.#roots)
      if (location !== undefined) return this.#open(location)
      throw new EtlError('E001', `${name} does not exist`, { where: name, hint: 'bring the file back' })
    })
  }

  /** Nothing here is written, so nothing needs to be kept from others. */
  async lock(): Promise<Lock | undefined> {
    return { check: async () => {}, release: async () => {} }
  }

  async close(): Promise<void> {}

  async #open(location: FileLocation): Promise<FoundFile> {
    const file: TextFile = {
      ...location,
      encoding: (this.#config.encoding ?? 'utf8') as Encoding,
      gzip: location.name.endsWith('.gz'),
    }
    try {
      const head = await this.#format.head(file, new AbortController().signal)
      const twice = head.columns.find((name, i) => head.columns.indexOf(name) < i)
      if (twice !== undefined || head.columns.includes(ROW_NUMBER)) {
        const what =
          twice === undefined ? `a column may not be called ${ROW_NUMBER}` : `two columns are called ${twice}`
        throw new EtlError('E523', `${file.name}: ${what}`, {
          kind: 'usage',
          where: file.name,
          hint: 'name the columns yourself: `columns: […]` of the source',
        })
      }
      const found = { file, head }
      this.#found.set(file.name, found)
      return found
    } catch (error) {
      throw invalidText(error, file, 0)
    }
  }

  /** From the length of the first records; undefined where the length of the text is not known. */
  async #estimate(file: TextFile, head: FileHead): Promise<number | undefined> {
    let rows = 0
    let end = head.start.byte
    try {
      for await (const records of this.#format.records(file, head, head.start, [], new AbortController().signal)) {
        for (const record of records) {
          rows++
          end = record.end
        }
        if (rows < SAMPLE_ROWS && end - head.start.byte < SAMPLE_BYTES) continue
        if (!isSeekable(file)) return undefined
        return Math.round(((file.size - head.start.byte) / (end - head.start.byte)) * rows)
      }
    } catch {
      // What is wrong with the file is said when it is read, with its place.
      return undefined
    }
    return rows
  }
}
