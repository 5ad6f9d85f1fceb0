import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { readPlainFile } from '../core/plain-file.js'
import type { MapSpec } from '../spec/model.js'
import { within } from './inside.js'
import { record } from './shape.js'

/** All of it is in memory for the whole run. */
const MAX_BYTES = 64_000_000

export interface MapFiles {
  /** Maps by name, of those that come from files. */
  readonly maps: ReadonlyMap<string, MapSpec>
  /** Absolute path to SHA-256. */
  readonly files: Readonly<Record<string, string>>
  readonly problems: readonly Diagnostic[]
}

/** Reads the CSV files that `maps` names; each must lie in the folder of the pipeline or below it. */
export async function readMapFiles(data: unknown, baseDir: string): Promise<MapFiles> {
  const maps = new Map<string, MapSpec>()
  const files: Record<string, string> = {}
  const problems: Diagnostic[] = []
  for (const [name, file] of Object.entries(record(record(data).maps))) {
    if (typeof file !== 'string' || file === '') continue
    const read = await readMapFile(file, ['maps', name], baseDir)
    if ('code' in read) problems.push(read)
    else {
      maps.set(name, { entries: read.entries })
      files[read.file] = read.hash
    }
  }
  return { maps, files, problems }
}

type MapFile = {
  readonly file: string
  readonly hash: string
  readonly entries: readonly (readonly [string, string])[]
}

async function readMapFile(name: string, path: DocPath, baseDir: string): Promise<MapFile | Diagnostic> {
  const fail = (code: 'E013' | 'E223', message: string, hint: string): Diagnostic => ({
    code,
    severity: 'error',
    message,
    path,
    hint,
  })
  const given = resolve(baseDir, name)
  const outside = () =>
    fail('E013', `${name} lies outside the folder of the pipeline`, 'Put the file beside the pipeline or below it.')
  if (!within(baseDir, given)) return outside()
  try {
    // A link within the folder may lead out of it.
    const file = await realpath(given)
    if (!within(await realpath(baseDir), file)) return outside()
    const bytes = readPlainFile(file, MAX_BYTES)
    const { parse } = await import('csv-parse/sync')
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const rows = parse(text, { relax_column_count: true, skip_empty_lines: true })
    const entries = new Map<string, string>()
    for (const [i, row] of rows.entries()) {
      const [code, value] = row
      if (code === undefined || value === undefined)
        return fail('E223', `row ${i + 1} of ${name} has no second column`, 'First column the code, second the value.')
      if (entries.has(code))
        return fail('E223', `row ${i + 1} of ${name} repeats a code`, 'Each code may stand there once.')
      entries.set(code, value)
    }
    if (entries.size === 0) return fail('E223', `${name} is empty`, 'First column the code, second the value.')
    return { file, hash: createHash('sha256').update(bytes).digest('hex'), entries: [...entries] }
  } catch (error) {
    return fail('E223', `${name} ${cause(error)}`, 'A map file is UTF-8 CSV: first column the code, second the value.')
  }
}

function cause(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EISDIR') return 'is a folder'
  if (code === 'EFTYPE') return 'is no file'
  if (code === 'EFBIG') return 'is larger than 64 MB'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text'
  return code?.startsWith('CSV_') ? 'is not valid CSV' : `cannot be read${code === undefined ? '' : ` (${code})`}`
}
