import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { EtlError } from '../errors.js'

/** A file as it was found. */
export interface FileLocation {
  /** As the pipeline names it. */
  readonly name: string
  /** Links resolved. */
  readonly path: string
  readonly size: number
  /** Differs when the content may differ: size and time of the last change. */
  readonly version: string
}

/**
 * Finds a file below the folder of the pipeline or one of `roots`, wherever links lead; undefined where there is none.
 *
 * @throws EtlError E013 for a file outside, E001 for what is no file or may not be looked at
 */
export async function locateFile(
  name: string,
  baseDir: string,
  roots: readonly string[],
): Promise<FileLocation | undefined> {
  const folders = roots.length === 0 ? [baseDir] : roots.map(root => resolve(baseDir, root))
  const given = resolve(baseDir, name)
  try {
    const path = await realpath(given)
    const real = await Promise.all(folders.map(folder => realpath(folder).catch(() => undefined)))
    if (!real.some(folder => folder !== undefined && within(folder, path))) throw outside(name, roots)
    const found = await stat(path)
    if (!found.isFile()) {
      throw new EtlError('E001', `${name} is no file`, { kind: 'usage', where: name, hint: 'name one file' })
    }
    return { name, path, size: found.size, version: versionOf(found) }
  } catch (error) {
    if (error instanceof EtlError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      // What is not there cannot be followed, and must not tell what is outside.
      if (!folders.some(folder => within(folder, given))) throw outside(name, roots)
      return undefined
    }
    throw unreadable(name, error)
  }
}

export function versionOf(found: { readonly size: number; readonly mtime: Date }): string {
  return `${found.size} bytes, changed ${found.mtime.toISOString()}`
}

/**
 * The folder that a target writes to, links resolved as far as there is something.
 *
 * @throws EtlError E013 for one outside the folder of the pipeline and of `roots`, E001 for what is no folder
 */
export async function locateFolder(name: string, baseDir: string, roots: readonly string[]): Promise<string> {
  const folders = roots.length === 0 ? [baseDir] : roots.map(root => resolve(baseDir, root))
  const path = await realPlace(resolve(baseDir, name))
  const real = await Promise.all(folders.map(realPlace))
  if (!real.some(folder => folder === path || within(folder, path))) throw outside(name, roots, 'target')
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || found.isDirectory()) return path
  throw new EtlError('E001', `${name} is no folder`, {
    kind: 'usage',
    where: name,
    hint: '`path` of the target is a folder; each entity writes one file there',
  })
}

/** The real path also of what does not exist yet: links are resolved as far as there is something. */
export async function realPlace(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined)
  const parent = dirname(path)
  return real ?? (parent === path ? path : join(await realPlace(parent), basename(path)))
}

/** The system refuses to give the file's bytes. */
export function unreadable(name: string, cause: unknown): EtlError {
  const native = (cause as NodeJS.ErrnoException).code ?? 'error'
  const denied = native === 'EACCES' || native === 'EPERM'
  return new EtlError(denied ? 'E304' : 'E001', `${name} cannot be read (${native})`, {
    kind: denied ? 'connection' : 'failed',
    where: name,
    cause,
    native,
    hint: denied ? 'check the rights of the file and of its folder' : 'check the path and the disk',
  })
}

function outside(name: string, roots: readonly string[], role: 'source' | 'target' = 'source'): EtlError {
  const where = roots.length === 0 ? 'the folder of the pipeline' : `the \`roots\` of its ${role}`
  return new EtlError('E013', `${name} lies outside ${where}`, {
    kind: 'usage',
    where: name,
    hint: `put it beside the pipeline or below it, or name its folder under \`roots\` of the ${role}`,
  })
}

export function within(folder: string, file: string): boolean {
  const way = relative(folder, file)
  return way !== '' && way !== '..' && !way.startsWith('../') && !way.startsWith('..\\') && !isAbsolute(way)
}
