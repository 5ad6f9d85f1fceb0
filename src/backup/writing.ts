import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { EtlError } from '../core/errors.js'
import type { CopySink } from '../core/native-copy.js'
import { encrypt } from './cipher.js'
import { createPrivately, type Digest, digestOf } from './folder.js'

/** Written at once: each write is a round trip to another thread. */
const PIECE = 1 << 20

/** An unfinished backup on its way to the disk, encrypted where there is a key. */
export class Writing implements CopySink {
  readonly #file: string
  readonly #key: string | undefined
  #written: string | undefined

  constructor(file: string, key: string | undefined) {
    this.#file = file
    this.#key = key
  }

  path(): string {
    return this.#file
  }

  async write(chunks: AsyncIterable<Buffer>): Promise<void> {
    this.#written = await writeInto(this.#file, this.#key === undefined ? chunks : encrypt(chunks, this.#key))
  }

  /**
   * What was made as a file is encrypted, and the plain one removed; then all is read back.
   *
   * @throws EtlError E540 where the disk does not give back what it was given
   */
  async finish(): Promise<Digest> {
    const asFile = this.#written === undefined
    if (asFile && this.#key !== undefined) await this.#seal(this.#key)
    const digest = await digestOf(this.#file)
    if (digest.size > 0 && (this.#written === undefined || this.#written === digest.checksum)) return digest
    throw new EtlError('E540', 'the disk does not give back what was written to it', {
      where: this.#file,
      hint: 'nothing was written to the target; set `backup.dir` to another disk',
    })
  }

  async #seal(key: string): Promise<void> {
    const sealed = `${this.#file}.sealed`
    try {
      await createPrivately(sealed)
      this.#written = await writeInto(
        sealed,
        encrypt(createReadStream(this.#file, { highWaterMark: PIECE }) as AsyncIterable<Buffer>, key),
      )
      await rename(sealed, this.#file)
    } finally {
      await rm(sealed, { force: true })
    }
  }
}

/** Writes and syncs; gives the SHA-256 of what was written. */
export async function writeInto(path: string, chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path, 'r+')
  try {
    let held: Buffer[] = []
    let size = 0
    const flush = async (): Promise<void> => {
      const piece = Buffer.concat(held)
      held = []
      size = 0
      hash.update(piece)
      for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten
    }
    for await (const part of chunks) {
      held.push(part)
      size += part.length
      if (size >= PIECE) await flush()
    }
    await flush()
    await handle.sync()
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}
