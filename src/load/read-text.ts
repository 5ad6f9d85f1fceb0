import { open } from 'node:fs/promises'
import type { ErrorCode } from '../core/codes.js'
import { PipelineError } from '../core/errors.js'

/** A pipeline file larger than this is a mistake. */
const MAX_BYTES = 1_000_000

/**
 * Reads a pipeline file as text.
 * @throws PipelineError E001 missing, a folder or unreadable, E002 empty, E003 not text, E009 too large.
 */
export async function readText(file: string): Promise<string> {
  const fail = (code: ErrorCode, message: string, hint: string) =>
    new PipelineError(file, [{ code, severity: 'error', message, path: [], hint }])
  const bytes = await readCapped(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      throw fail('E001', 'there is no such file', 'Check the path.')
    }
    if (error.code === 'EISDIR') throw fail('E001', 'this is a folder', 'Give the pipeline file in it.')
    throw fail('E001', `the file cannot be read (${error.code ?? 'unknown cause'})`, 'Check its permissions.')
  })
  if (bytes.length > MAX_BYTES) {
    throw fail(
      'E009',
      'the file is larger than 1 MB',
      'Put value maps into CSV files: `maps: { country: maps/country.csv }`.',
    )
  }
  const text = decode(bytes)
  if (text === undefined || text.includes('\0')) {
    throw fail('E003', 'the file is not UTF-8 text', 'Save it as UTF-8, without binary content.')
  }
  if (text.trim() === '')
    throw fail('E002', 'the file is empty', 'Write the pipeline; `etl reference` describes the language.')
  return text
}

async function readCapped(file: string): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(MAX_BYTES + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length)
    }
  } finally {
    await handle.close()
  }
}

/** Undefined where the bytes are not UTF-8. A byte order mark is dropped. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
