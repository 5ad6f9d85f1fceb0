import { isUtf8 } from 'node:buffer'
import { constants, open, realpath } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { EtlError } from '../errors.js'
import { type FileLocation, unreadable, versionOf } from './location.js'

export const ENCODINGS = ['utf8', 'latin1', 'windows-1252', 'utf16le'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** A file whose text is read as UTF-8, whatever it is stored as. */
export interface TextFile extends FileLocation {
  readonly encoding: Encoding
  readonly gzip: boolean
}

/** Bytes of the text as UTF-8. `at` is the position of the first one, counted after decompression and decoding. */
export interface TextChunk {
  readonly at: number
  readonly bytes: Buffer
}

/** Bytes that are no text of the encoding. */
export class InvalidText extends Error {
  readonly at: number
  /** The row, where whoever counts rows knows better than "the one after the last". */
  number: number | undefined

  constructor(at: number) {
    super('invalid text')
    this.at = at
  }
}

/** Its records are all in memory, so a larger one outlives the collections of young objects, and costs more. */
const CHUNK = 128 * 1024
/** Where its memory is used again: below it the calls cost more than the bytes. */
const PASSING_CHUNK = 256 * 1024
const BOM = Buffer.from('\ufeff')

/** Positions in the text are positions in the file: it can be read from anywhere. */
export function isSeekable(file: TextFile): boolean {
  return file.encoding === 'utf8' && !file.gzip
}

/**
 * The text from a position on, without the byte order mark.
 *
 * @param passing each chunk is done with when the next one is asked for: its memory is used again
 * @throws InvalidText where bytes are not valid in the encoding, after everything before them
 * @throws EtlError E522 where the file is not the one that was located any more, E523 where its compression is damaged
 */
export async function* textOf(
  file: TextFile,
  from: number,
  signal: AbortSignal,
  passing = false,
): AsyncGenerator<TextChunk, void> {
  const seek = isSeekable(file)
  const raw = file.gzip ? decompressed(file, signal) : plain(file, seek ? from : 0, signal, passing)
  let at = seek ? from : 0
  let first = at === 0
  for await (let bytes of file.encoding === 'utf8' ? checked(raw, at) : decoded(raw, file.encoding)) {
    if (first) {
      first = false
      if (bytes.subarray(0, BOM.length).equals(BOM)) {
        at = BOM.length
        bytes = bytes.subarray(BOM.length)
      }
    }
    const end = at + bytes.length
    if (end > from && bytes.length > 0) yield at < from ? { at: from, bytes: bytes.subarray(from - at) } : { at, bytes }
    at = end
  }
}

async function* plain(file: FileLocation, from: number, signal: AbortSignal, passing = false): AsyncGenerator<Buffer> {
  // A link or a pipe that took the file's place since it was located is not followed, nor waited for.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const handle = await open(file.path, flags).catch(cause => {
    throw unreadable(file.name, cause)
  })
  try {
    if ((await realpath(file.path)) !== file.path) throw changed(file)
    checkVersion(file, await handle.stat())
    let position = from
    const size = passing ? PASSING_CHUNK : CHUNK
    let buffer = Buffer.allocUnsafeSlow(size)
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, size, position).catch(cause => {
        throw unreadable(file.name, cause)
      })
      if (bytesRead === 0) break
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
      if (!passing) buffer = Buffer.allocUnsafeSlow(size)
    }
    checkVersion(file, await handle.stat())
  } finally {
    await handle.close()
  }
}

async function* decompressed(file: FileLocation, signal: AbortSignal): AsyncGenerator<Buffer> {
  const input = Readable.from(plain(file, 0, signal))
  const output = input.pipe(createGunzip({ chunkSize: CHUNK }))
  input.once('error', error => output.destroy(error))
  try {
    for await (const chunk of output) yield chunk as Buffer
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_') !== true) throw error
    throw new EtlError('E523', `${file.name} is not a whole gzip file`, {
      where: file.name,
      cause: error,
      native: code,
      hint: 'copy the file again: it is damaged, cut off, or not compressed at all',
    })
  } finally {
    input.destroy()
    output.destroy()
  }
}

function checkVersion(file: FileLocation, found: { readonly size: number; readonly mtime: Date }): void {
  if (versionOf(found) !== file.version) throw changed(file)
}

/** The file is not the one that was looked at first. */
export function changed(file: FileLocation): EtlError {
  return new EtlError('E522', `${file.name} changed while it was read`, {
    where: file.name,
    hint: 'let nothing write to the file meanwhile, then begin anew: `etl run … --restart`',
  })
}

/** Passes UTF-8 on, cut between characters. */
async function* checked(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  let at = from
  let carry: Buffer | undefined
  for await (const chunk of chunks) {
    const bytes = carry === undefined ? chunk : Buffer.concat([carry, chunk])
    const whole = bytes.length - openTail(bytes, bytes.length)
    const body = bytes.subarray(0, whole)
    if (!isUtf8(body)) {
      const valid = validPrefix(body)
      yield body.subarray(0, valid)
      throw new InvalidText(at + valid)
    }
    yield body
    at += whole
    carry = whole === bytes.length ? undefined : Buffer.from(bytes.subarray(whole))
  }
  if (carry !== undefined) throw new InvalidText(at)
}

/** Bytes before `end` that begin a character and do not finish it. */
function openTail(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number
    if (byte < 0x80) return 0
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back ? back : 0
  }
  return 0
}

function validPrefix(bytes: Buffer): number {
  const valid = (end: number): boolean => isUtf8(bytes.subarray(0, end - openTail(bytes, end)))
  let [low, high] = [0, bytes.length]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (valid(middle)) low = middle
    else high = middle
  }
  return low - openTail(bytes, low)
}

/** Text of another encoding as UTF-8. */
async function* decoded(chunks: AsyncIterable<Buffer>, encoding: Exclude<Encoding, 'utf8'>): AsyncGenerator<Buffer> {
  if (encoding === 'utf16le') yield* fromUtf16(chunks)
  else if (encoding === 'latin1') for await (const chunk of chunks) yield Buffer.from(chunk.toString('latin1'))
  else yield* fromWindows1252(chunks)
}

/** 0x80 to 0x9F; a NUL where the byte is nothing. Node's own decoder takes them for control characters. */
export const WINDOWS_1252 =
  '\u20ac\0\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\0\u017d\0' +
  '\0\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\0\u017e\u0178'

async function* fromWindows1252(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of chunks) {
    const latin1 = chunk.toString('latin1')
    const nothing = latin1.search(/[\x81\x8d\x8f\x90\x9d]/)
    const valid = nothing < 0 ? latin1 : latin1.slice(0, nothing)
    const bytes = Buffer.from(valid.replace(/[\x80-\x9f]/g, byte => WINDOWS_1252[byte.charCodeAt(0) - 0x80] ?? ''))
    yield bytes
    at += bytes.length
    if (nothing >= 0) throw new InvalidText(at)
  }
}

async function* fromUtf16(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let at = 0
  let carry = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([carry, chunk])
    let whole = bytes.length - (bytes.length % 2)
    // The first half of a pair waits for the second.
    if (whole >= 2 && ((bytes[whole - 1] as number) & 0xfc) === 0xd8) whole -= 2
    carry = bytes.subarray(whole)
    const text = bytes.toString('utf16le', 0, whole)
    const lone = text.search(/\p{Surrogate}/u)
    const valid = Buffer.from(lone < 0 ? text : text.slice(0, lone))
    yield valid
    at += valid.length
    if (lone >= 0) throw new InvalidText(at)
  }
  if (carry.length > 0) throw new InvalidText(at)
}
