import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { TableRef } from '../catalog.js'
import { formatTable } from '../catalog.js'
import { EtlError } from '../errors.js'
import type { FileFormat } from './format.js'
import { realPlace, versionOf, within } from './location.js'
import type { TargetFile } from './part.js'
import type { Encoding, TextFile } from './text-stream.js'

/** What differs between kinds of files that rows are written to. */
export interface TargetFormat {
  /** `.csv`; a table's name gets it where it has none. */
  readonly extension: string
  /** What stands before the first row. */
  head(columns: readonly string[]): Uint8Array
  /** How what was written is read again: all columns, in the order of the file. */
  reads(columns: readonly string[]): FileFormat
  readonly encoding: Encoding
  /** What decides how rows look, beside the columns: a file begun another way is not gone on with. */
  readonly shape: unknown
}

/** The files of a target's folder. */
export class TargetFiles {
  readonly format: TargetFormat
  readonly folder: string
  /** The folder as the pipeline names it. */
  readonly label: string
  /** Which table has the file. */
  readonly #tables = new Map<string, string>()

  /** @param folder links resolved */
  constructor(format: TargetFormat, folder: string, label: string) {
    this.format = format
    this.folder = folder
    this.label = label
  }

  /**
   * `customers` is `customers.csv`; `customers.csv.gz` is itself.
   *
   * @throws EtlError E215 where two tables are one file
   */
  name(ref: TableRef): string {
    const table = formatTable(ref)
    const { extension } = this.format
    const name = table.endsWith(extension) || table.endsWith(`${extension}.gz`) ? table : `${table}${extension}`
    const other = this.#tables.get(name) ?? table
    this.#tables.set(name, other)
    if (other === table) return name
    throw new EtlError('E215', `${other} and ${table} are the same file`, {
      kind: 'usage',
      where: join(this.label, name),
      hint: 'give each entity a file of its own',
    })
  }

  /** @throws EtlError E013 for a name that leads out of the folder */
  async file(name: string): Promise<TargetFile> {
    const path = join(this.folder, name)
    const label = join(this.label, name)
    // The file itself is replaced, not followed; the folders on the way are.
    if (name.includes('\0') || !within(this.folder, path) || !(await this.#inside(join(path, '..')))) {
      throw new EtlError('E013', `${label} lies outside ${this.label}`, {
        kind: 'usage',
        where: label,
        hint: 'the file of an entity lies in the folder that `path` of the target names',
      })
    }
    return { label, path }
  }

  async exists(file: TargetFile): Promise<boolean> {
    return lstat(file.path).then(
      () => true,
      () => false,
    )
  }

  /** The file as it is now, to be read. */
  async written(ref: TableRef): Promise<TextFile> {
    const { path, label } = await this.file(this.name(ref))
    const found = await lstat(path).catch(() => undefined)
    if (found?.isFile() !== true) {
      throw new EtlError('E001', `${label} is not there`, { kind: 'usage', where: label, hint: 'bring the file back' })
    }
    const { encoding } = this.format
    const real = join(await realpath(dirname(path)), basename(path))
    return {
      name: label,
      path: real,
      size: found.size,
      version: versionOf(found),
      encoding,
      gzip: path.endsWith('.gz'),
    }
  }

  async #inside(path: string): Promise<boolean> {
    const real = await realPlace(path)
    return real === this.folder || within(this.folder, real)
  }
}
