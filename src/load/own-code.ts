import { createHash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import { EtlError, RowError } from '../core/errors.js'
import type { OwnFunction } from '../core/own-function.js'
import { readPlainFile } from '../core/plain-file.js'
import { keyText, type Value } from '../core/row.js'
import { guardOwn } from '../transforms/own/call-own.js'
import { declarationProblem } from '../transforms/own/own-types.js'
import { keepOwn, type OwnAddress } from '../transforms/own/registry.js'
import { within } from './inside.js'
import { mapOwnUses } from './own-uses.js'

export interface OwnCode {
  /** The file's data, each reference with the hash of its code. */
  readonly data: unknown
  /** Absolute path to SHA-256, of the modules and of what they import from the folder. */
  readonly files: Readonly<Record<string, string>>
  readonly problems: readonly Diagnostic[]
}

/** Of one module. */
const MAX_BYTES = 16_000_000

const REFERENCE = /^([^#@]+\.(?:mjs|cjs|js))#([A-Za-z_$][\w$]*)$/

/**
 * Loads the functions of the user's own that a file uses. Without `allow` nothing is read nor imported, and each use is a
 * problem.
 */
export async function readOwnCode(data: unknown, baseDir: string, allow: boolean): Promise<OwnCode> {
  const uses = new Map<string, DocPath>()
  mapOwnUses(data, (reference, path) => {
    if (!uses.has(reference)) uses.set(reference, path)
    return reference
  })
  const keys = new Map<string, string>()
  const files: Record<string, string> = {}
  const problems: Diagnostic[] = []
  for (const [reference, path] of uses) {
    try {
      if (!allow) throw notAllowed(reference)
      const { address, sources } = await load(reference, baseDir)
      keys.set(reference, address.key)
      Object.assign(files, sources)
    } catch (error) {
      if (!(error instanceof EtlError)) throw error
      const { code, message, hint } = error
      problems.push({ code, severity: 'error', message, path, ...(hint === undefined ? {} : { hint }) })
    }
  }
  return { data: keys.size === 0 ? data : mapOwnUses(data, name => keys.get(name) ?? name), files, problems }
}

/** Loads what was loaded in another thread; the same code, or an error. */
export async function loadOwnAgain(addresses: readonly OwnAddress[]): Promise<void> {
  for (const address of addresses) {
    if (sha256(await readFile(address.file)) !== address.hash)
      throw new EtlError('E506', `${address.file} was changed while the run went on`, { hint: 'begin the run again' })
    keepOwn(address, (await importOwn(address)) as OwnFunction)
  }
}

function notAllowed(reference: string): EtlError {
  const hint = `read ${reference.split('#')[0]}, then add --allow-code`
  return new EtlError('E229', `${reference} is code, and code of the file's folder runs only when asked for`, { hint })
}

function unusable(reference: string, why: string, hint = 'docs/how-to/own-functions.md shows one'): EtlError {
  return new EtlError('E231', `${reference}: ${why}`, { hint })
}

async function load(
  reference: string,
  baseDir: string,
): Promise<{ readonly address: OwnAddress; readonly sources: Readonly<Record<string, string>> }> {
  const [, path, name] = REFERENCE.exec(reference) ?? []
  if (path === undefined || name === undefined)
    throw unusable(reference, 'this names no function of a module', 'like ./functions.mjs#plate')
  const root = await realpath(baseDir)
  const file = await place(reference, resolve(root, path), root)
  const sources: Record<string, string> = {}
  await hashAll(reference, file, root, sources)
  const code = sha256(Buffer.from(Object.values(sources).join(' '))).slice(0, 16)
  const address: OwnAddress = { key: `${reference}@${code}`, file, hash: sources[file] ?? '', name }
  const exported = await importOwn(address).catch((error: unknown) => {
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'something was thrown'
    throw unusable(reference, `the module cannot be imported: ${said}`)
  })
  const again: Record<string, string> = {}
  await hashAll(reference, file, root, again)
  if (Object.entries(sources).some(([path, hash]) => again[path] !== hash))
    throw unusable(reference, 'the module was changed while it was loaded', 'load it again')
  const problem = declarationProblem(exported)
  if (problem !== undefined) throw unusable(reference, problem)
  const fn = exported as OwnFunction
  checkExamples(reference, fn)
  keepOwn(address, fn)
  return { address, sources }
}

/** @throws EtlError E013 where it lies elsewhere, also by a link */
async function place(reference: string, path: string, root: string): Promise<string> {
  const outside = new EtlError('E013', `${reference} lies outside the folder of the pipeline`, {
    hint: 'put the module beside the pipeline or below it',
  })
  if (!within(root, path)) throw outside
  const file = await realpath(path).catch(() => {
    throw unusable(reference, 'there is no such file', 'paths start at the folder of the pipeline file')
  })
  if (!within(root, file)) throw outside
  return file
}

const IMPORTS = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'`])((?:\.{0,2}\/|file:)[^"'`\n]+)\1/g

/** The file and what it imports from the folder, by a look at its text; packages count by their name alone. */
async function hashAll(reference: string, file: string, root: string, found: Record<string, string>): Promise<void> {
  if (Object.hasOwn(found, file)) return
  let bytes: Buffer
  try {
    bytes = readPlainFile(file, MAX_BYTES)
  } catch (error) {
    throw unusable(reference, `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
  }
  found[file] = sha256(bytes)
  for (const [, , path = ''] of bytes.toString('utf8').matchAll(IMPORTS)) {
    const given = path.startsWith('file:') ? fileURLToPath(path) : resolve(dirname(file), path)
    await hashAll(reference, await place(reference, given, root), root, found)
  }
}

/** The address changes with the code, so that an old version in memory is never taken for a new one. */
async function importOwn({ key, file, name }: OwnAddress): Promise<unknown> {
  const url = pathToFileURL(file)
  url.searchParams.set('code', key.slice(key.lastIndexOf('@') + 1))
  const module = (await import(url.href)) as Readonly<Record<string, unknown>>
  return Object.hasOwn(module, name) ? module[name] : undefined
}

function checkExamples(reference: string, fn: OwnFunction): void {
  const run = guardOwn(reference, fn)
  for (const [i, example] of fn.examples.entries()) {
    const fails = 'error' in example && example.error
    try {
      const result = run((Array.isArray(example.in) ? example.in : [example.in]) as readonly Value[])
      if (fails) throw unusable(reference, `example ${i + 1} gives a result, and it says that it fails`)
      if (fn.pure === false || !('out' in example) || isSame(result, example.out)) continue
      throw unusable(reference, `example ${i + 1} gives another result than it says`)
    } catch (error) {
      if (error instanceof RowError && fails) continue
      if (!(error instanceof RowError)) throw error
      throw unusable(reference, `example ${i + 1} fails: ${error.message.replace(`${reference} `, 'it ')}`)
    }
  }
}

function isSame(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b
  return typeof a === typeof b && keyText([a]) === keyText([b])
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
