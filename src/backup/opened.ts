import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline as piped } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { EtlError } from '../core/errors.js'
import { decrypt, isEncrypted } from './cipher.js'
import { digestOf } from './folder.js'
import { type BackupMetadata, checkSeal, readMetadata } from './metadata.js'
import { type DumpHeader, type DumpPart, damaged, readDump, TABLE_DUMP } from './table-dump.js'

/** A backup that was read to its end and is what was written. */
export class OpenedBackup {
  readonly file: string
  readonly metadata: BackupMetadata
  /** Of a table dump. */
  readonly header: DumpHeader | undefined
  readonly #key: string | undefined

  private constructor(file: string, metadata: BackupMetadata, key: string | undefined, header: DumpHeader | undefined) {
    this.file = file
    this.metadata = metadata
    this.header = header
    this.#key = key
  }

  /**
   * Nothing but the two files is looked at.
   *
   * @param key of an encrypted one
   * @throws EtlError E541 where the file is damaged, cut or another one; E544 where the key does not open it
   */
  static async open(file: string, key: string | undefined): Promise<OpenedBackup> {
    const name = basename(file)
    const size = await stat(file).then(
      stats => stats.size,
      (cause: unknown) => {
        throw new EtlError('E001', `there is no backup ${name}`, {
          kind: 'usage',
          where: file,
          hint: 'check the path: backups are in the folder of `backup.dir`',
          cause,
        })
      },
    )
    const { seal, ...metadata } = await readMetadata(file)
    if (size !== metadata.size) throw damaged(name, `it has ${size} bytes, and ${metadata.size} were written`)
    if ((await digestOf(file)).checksum !== metadata.checksum)
      throw damaged(name, 'its SHA-256 is not that of what was written')
    if (metadata.encrypted !== (await isEncrypted(file)))
      throw damaged(name, 'it is not encrypted the way its description says')
    if (metadata.encrypted && key === undefined) {
      throw new EtlError('E544', `${name} is encrypted, and there is no key`, {
        kind: 'usage',
        where: file,
        hint: 'nothing was touched; set `backup.encrypt` to the key that the backup was made with',
      })
    }
    const opened = new OpenedBackup(file, metadata, metadata.encrypted ? key : undefined, undefined)
    if (metadata.encrypted && key !== undefined) {
      // First, so that a wrong key is not taken for damage.
      for await (const _ of opened.plain()) break
      checkSeal(file, { ...metadata, seal }, key)
    }
    if (metadata.format !== TABLE_DUMP) return opened
    let header: DumpHeader | undefined
    for await (const part of opened.parts()) if (part.kind === 'header') header = part.header
    return new OpenedBackup(file, metadata, metadata.encrypted ? key : undefined, header)
  }

  /** What the tool wrote. */
  plain(): AsyncIterable<Buffer> {
    const stored = createReadStream(this.file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
    return this.#key === undefined ? stored : decrypt(stored, this.#key, basename(this.file))
  }

  /** Of a table dump. */
  async *parts(): AsyncGenerator<DumpPart> {
    const name = basename(this.file)
    try {
      const unpacked = createGunzip()
      // Its error reaches whoever reads what is unpacked.
      piped(this.plain(), unpacked).catch(() => {})
      yield* readDump(unpacked, name)
    } catch (error) {
      const native = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
      throw native?.startsWith('Z_') === true ? damaged(name, 'it cannot be unpacked', error) : error
    }
  }
}
