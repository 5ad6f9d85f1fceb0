import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import { EtlError } from '../core/errors.js'

/**
 * An encrypted backup: a line of its own, a line of JSON that says how the key is made, then pieces of 64 KiB, each sealed
 * by AES-256-GCM. The two lines are part of what every seal covers. The number of a piece and whether it is the last one
 * are its nonce, so that no piece can be left out, moved or added unseen. The salt makes a key that no other file has.
 */
const MAGIC = 'etl-backup aes-256-gcm 1\n'
const CHUNK = 64 * 1024
const TAG = 16
const SALT = 16
const KDF = { n: 2 ** 15, r: 8, p: 1 } as const
const MOST_MEMORY = 128 * 1024 * 1024
const HEADER_BYTES = 1024

interface Header {
  readonly kdf: 'scrypt'
  readonly n: number
  readonly r: number
  readonly p: number
  /** Base64. */
  readonly salt: string
  readonly chunk: number
}

export async function* encrypt(plain: AsyncIterable<Buffer>, secret: string): AsyncGenerator<Buffer> {
  const header: Header = { kdf: 'scrypt', ...KDF, salt: randomBytes(SALT).toString('base64'), chunk: CHUNK }
  const head = Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`)
  const key = keyOf(secret, header)
  yield head
  let number = 0
  let held: Buffer = Buffer.alloc(0)
  for await (const part of plain) {
    held = held.length === 0 ? part : Buffer.concat([held, part])
    // One piece is kept back, because the last one has to say so.
    while (held.length > CHUNK) {
      yield seal(held.subarray(0, CHUNK), false)
      held = held.subarray(CHUNK)
    }
  }
  yield seal(held, true)

  function seal(text: Buffer, last: boolean): Buffer {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number++, last))
    cipher.setAAD(head)
    return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
  }
}

/** Gives only what is proven to be as it was written. Throws E544 where the first piece does not open, E541 later on. */
export async function* decrypt(sealed: AsyncIterable<Buffer>, secret: string, file: string): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0)
  let opened: { readonly head: Buffer; readonly key: Buffer; readonly size: number } | undefined
  let number = 0
  for await (const part of sealed) {
    held = held.length === 0 ? part : Buffer.concat([held, part])
    opened ??= begin()
    if (opened === undefined) continue
    while (held.length > opened.size) {
      yield unseal(held.subarray(0, opened.size), false)
      held = held.subarray(opened.size)
    }
  }
  if (opened === undefined || held.length < TAG) throw damaged(file)
  yield unseal(held, true)

  function begin(): typeof opened {
    const first = held.indexOf('\n')
    const second = first < 0 ? -1 : held.indexOf('\n', first + 1)
    if (second < 0) {
      if (held.length > HEADER_BYTES) throw damaged(file)
      return undefined
    }
    const head = Buffer.from(held.subarray(0, second + 1))
    const header = headerOf(head.toString('utf8'), file)
    held = held.subarray(second + 1)
    return { head, key: keyOf(secret, header), size: header.chunk + TAG }
  }

  function unseal(piece: Buffer, last: boolean): Buffer {
    if (opened === undefined) throw damaged(file)
    const end = piece.length - TAG
    const decipher = createDecipheriv('aes-256-gcm', opened.key, nonce(number++, last))
    decipher.setAAD(opened.head)
    decipher.setAuthTag(piece.subarray(end))
    try {
      return Buffer.concat([decipher.update(piece.subarray(0, end)), decipher.final()])
    } catch (cause) {
      if (number > 1) throw damaged(file, cause)
      throw wrongKey(file, cause)
    }
  }
}

/** Does the file begin like an encrypted one? */
export async function isEncrypted(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === MAGIC
  } finally {
    await handle.close()
  }
}

/** What only the owner of the key can tell of a text: HMAC-SHA-256, by a key that no other text has. */
export function authenticate(text: string, secret: string, salt = randomBytes(SALT).toString('base64')): string {
  const mac = createHmac('sha256', keyOf(secret, { ...KDF, salt })).update(text)
  return `hmac-sha256 ${salt} ${mac.digest('hex')}`
}

function headerOf(text: string, file: string): Header {
  if (!text.startsWith(MAGIC)) throw damaged(file)
  let header: Header
  try {
    header = JSON.parse(text.slice(MAGIC.length)) as Header
  } catch (cause) {
    throw damaged(file, cause)
  }
  // What a stranger wrote there must not cost memory: only the figures that this version writes are taken.
  const known = header.kdf === 'scrypt' && header.n === KDF.n && header.r === KDF.r && header.p === KDF.p
  if (!known || header.chunk !== CHUNK || typeof header.salt !== 'string') throw damaged(file)
  return header
}

function keyOf(secret: string, { n, r, p, salt }: Pick<Header, 'n' | 'r' | 'p' | 'salt'>): Buffer {
  return scryptSync(secret, Buffer.from(salt, 'base64'), 32, { N: n, r, p, maxmem: MOST_MEMORY })
}

function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(number, 7)
  bytes[11] = last ? 1 : 0
  return bytes
}

function damaged(file: string, cause?: unknown): EtlError {
  return new EtlError('E541', `${file} is not as it was written: its encryption does not hold`, {
    where: file,
    hint: 'nothing was touched; restore another backup',
    ...(cause === undefined ? {} : { cause }),
  })
}

function wrongKey(file: string, cause: unknown): EtlError {
  return new EtlError('E544', `the key does not open ${file}`, {
    kind: 'usage',
    where: file,
    hint: 'nothing was touched; set `backup.encrypt` to the key that the backup was made with',
    cause,
  })
}
