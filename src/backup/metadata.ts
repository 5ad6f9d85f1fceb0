import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { TableRef } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import { authenticate } from './cipher.js'

export const METADATA_FORMAT = 1

/** `pre_restore`: what was there before a restore. */
export type BackupKind = 'backup' | 'pre_restore'

export interface BackedUpTable extends TableRef {
  /** Undefined: it could not be told of the very state that was copied. */
  readonly rows?: number
  /** The table was not there. */
  readonly absent?: true
}

/** What is known of a backup: the JSON beside it, `<backup without its ending>.json`. No row's value and no secret is in it. */
export interface BackupMetadata {
  readonly v: typeof METADATA_FORMAT
  readonly kind: BackupKind
  readonly pipeline: string
  /** Of the run that it was made before. */
  readonly runId?: string
  /** What was copied, for people. */
  readonly original: string
  readonly target: { readonly type: string; readonly uid: string }
  readonly serverVersion: string
  /** Absolute path it was written to. */
  readonly backup: string
  /** ISO in UTC, by this machine's clock. */
  readonly timestamp: string
  /** When a run of the pipeline was last taken up, by the target's ledger; empty: never. A restore undoes later ones. */
  readonly runsUntil: string
  /** SHA-256 of the file as it lies there, in hex. */
  readonly checksum: string
  /** Bytes. */
  readonly size: number
  /** `table-dump`, or that of a {@link NativeCopy}. */
  readonly format: string
  /** What made it: `pg_dump 15.18`. */
  readonly tool: string
  /** Why not by the database's own tool. */
  readonly note?: string
  readonly scope: 'touched' | 'database'
  readonly encrypted: boolean
  readonly tables: readonly BackedUpTable[]
}

/** The name without its last endings: those of a backup hold no dot but the ones of its ending. */
export function metadataFile(backup: string): string {
  return join(dirname(backup), `${basename(backup).split('.')[0]}.json`)
}

/**
 * The last entry of the file says that the others are as they were written: their SHA-256, which finds damage; for an
 * encrypted backup an HMAC by its key, which finds forgery too, of the backup as well, whose checksum is among them.
 */
interface SealedMetadata extends BackupMetadata {
  readonly seal: string
}

/** @param key of an encrypted backup */
export async function writeMetadata(metadata: BackupMetadata, key: string | undefined): Promise<void> {
  const sealed: SealedMetadata = { ...metadata, seal: sealOf(metadata, key) }
  await writeFileAtomic(metadataFile(metadata.backup), textOf(sealed), { mode: 0o600 })
}

/** What lies beside a backup, as far as it can be told without a key. */
export async function readMetadata(backup: string): Promise<SealedMetadata> {
  const file = metadataFile(backup)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new EtlError('E541', `${basename(file)}, which says what the backup is, cannot be read`, {
      where: file,
      hint: 'nothing was touched; keep the JSON file beside its backup, both as they were written',
      cause,
    })
  }
  const metadata = parse(text)
  if (metadata === undefined) throw damaged(file, 'is not the description of a backup')
  const { seal, ...rest } = metadata
  const whole = text === textOf(metadata) && (metadata.encrypted || seal === sealOf(rest, undefined))
  if (!whole) throw damaged(file, 'is not as it was written')
  return metadata
}

/** Throws E541 where the description of an encrypted backup is not what the owner of the key wrote. */
export function checkSeal(backup: string, { seal, ...metadata }: SealedMetadata, key: string): void {
  const given = Buffer.from(seal)
  const right = Buffer.from(sealOf(metadata, key, seal.split(' ')[1]))
  if (given.length !== right.length || !timingSafeEqual(given, right))
    throw damaged(metadataFile(backup), 'is not as it was written')
}

function sealOf(metadata: BackupMetadata, key: string | undefined, salt?: string): string {
  const text = textOf(metadata)
  return key === undefined ? `sha256 ${createHash('sha256').update(text).digest('hex')}` : authenticate(text, key, salt)
}

function textOf(metadata: BackupMetadata): string {
  return `${JSON.stringify(metadata, null, 2)}\n`
}

function damaged(file: string, what: string): EtlError {
  return new EtlError('E541', `${basename(file)} ${what}`, {
    where: file,
    hint: 'nothing was touched; restore another backup, or bring the JSON file back as it was written',
  })
}

function parse(text: string): SealedMetadata | undefined {
  let value: Partial<SealedMetadata> | null
  try {
    value = JSON.parse(text) as Partial<SealedMetadata> | null
  } catch {
    return undefined
  }
  if (value === null || typeof value !== 'object' || value.v !== METADATA_FORMAT) return undefined
  const { checksum, size, format, pipeline, target, tables, runsUntil, encrypted, seal } = value
  const whole =
    typeof checksum === 'string' &&
    typeof size === 'number' &&
    typeof format === 'string' &&
    typeof pipeline === 'string' &&
    typeof target?.uid === 'string' &&
    typeof target.type === 'string' &&
    typeof runsUntil === 'string' &&
    typeof encrypted === 'boolean' &&
    typeof seal === 'string' &&
    Array.isArray(tables) &&
    tables.every(table => typeof (table as BackedUpTable | null)?.table === 'string')
  return whole ? (value as SealedMetadata) : undefined
}
