import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
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

function outside(name: string, roots: readonly string[]): EtlError {
  const where = roots.length === 0 ? 'the folder of the pipeline' : 'the `roots` of its source'
  return new EtlError('E013', `${name} lies outside ${where}`, {
    kind: 'usage',
    where: name,
    hint: 'put the file beside the pipeline or below it, or name its folder under `roots` of the source',
  })
}

function within(folder: string, file: string): boolean {
  const way = relative(folder, file)
  return way !== '' && way !== '..' && !way.startsWith('../') && !way.startsWith('..\\') && !isAbsolute(way)
}
