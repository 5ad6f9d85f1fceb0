import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto'

export type Verifier = '11g' | '12c'

/** The server's side of the login: what it sends first, and how it checks the answer. */
export class Challenge {
  readonly #verifier: Verifier
  readonly #password: string
  readonly #hash: Buffer
  readonly #half: Buffer
  readonly #salt: Buffer
  readonly #keySalt = randomBytes(16)

  constructor(verifier: Verifier, password: string) {
    this.#verifier = verifier
    this.#password = password
    this.#salt = randomBytes(verifier === '12c' ? 16 : 10)
    this.#half = randomBytes(verifier === '12c' ? 32 : 48)
    this.#hash = verifier === '12c' ? hash12c(password, this.#salt) : hash11g(password, this.#salt)
  }

  /** Key, value, flag: the flag of the salt tells the client which verifier it is. */
  get pairs(): readonly (readonly [string, string, number])[] {
    const sessionKey: readonly [string, string, number] = ['AUTH_SESSKEY', hex(crypt(this.#hash, this.#half)), 0]
    if (this.#verifier === '11g') return [sessionKey, ['AUTH_VFR_DATA', hex(this.#salt), 0x1b25]]
    return [
      sessionKey,
      ['AUTH_VFR_DATA', hex(this.#salt), 0x4815],
      ['AUTH_PBKDF2_CSK_SALT', hex(this.#keySalt), 0],
      ['AUTH_PBKDF2_VGEN_COUNT', '4096', 0],
      ['AUTH_PBKDF2_SDER_COUNT', '3', 0],
    ]
  }

  /** The text for AUTH_SVR_RESPONSE, or undefined where the password is wrong. */
  check(answer: ReadonlyMap<string, string>): string | undefined {
    try {
      const combo = this.#combo(decrypt(this.#hash, Buffer.from(answer.get('AUTH_SESSKEY') ?? '', 'hex')))
      const plain = decrypt(combo, Buffer.from(answer.get('AUTH_PASSWORD') ?? '', 'hex'))
      const padding = plain.at(-1) ?? 0
      if (plain.subarray(16, plain.length - padding).toString('utf8') !== this.#password) return undefined
      const proof = Buffer.concat([randomBytes(16), Buffer.from('SERVER_TO_CLIENT'), Buffer.alloc(16, 16)])
      return hex(crypt(combo, proof))
    } catch {
      return undefined
    }
  }

  #combo(client: Buffer): Buffer {
    if (this.#verifier === '12c') {
      const text = hex(Buffer.concat([client.subarray(0, 32), this.#half]))
      return pbkdf2Sync(Buffer.from(text), this.#keySalt, 3, 32, 'sha512')
    }
    const mixed = Buffer.alloc(24)
    for (let i = 0; i < 24; i++) mixed[i] = (this.#half[16 + i] as number) ^ (client[16 + i] as number)
    const md5 = (part: Buffer) => createHash('md5').update(part).digest()
    return Buffer.concat([md5(mixed.subarray(0, 16)), md5(mixed.subarray(16))]).subarray(0, 24)
  }
}

function hash12c(password: string, salt: Buffer): Buffer {
  const speedy = Buffer.concat([salt, Buffer.from('AUTH_PBKDF2_SPEEDY_KEY')])
  const key = pbkdf2Sync(password, speedy, 4096, 64, 'sha512')
  return createHash('sha512').update(key).update(salt).digest().subarray(0, 32)
}

function hash11g(password: string, salt: Buffer): Buffer {
  const digest = createHash('sha1').update(password, 'utf8').update(salt).digest()
  return Buffer.concat([digest, Buffer.alloc(4)])
}

function crypt(key: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.final()])
}

function decrypt(key: Buffer, secret: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(16)).setAutoPadding(false)
  return Buffer.concat([decipher.update(secret), decipher.final()])
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase()
}
