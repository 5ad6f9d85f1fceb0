import { isAbsolute, relative } from 'node:path'

/** Does the file lie in the folder or below it? Both are absolute; links are not followed. */
export function within(folder: string, file: string): boolean {
  const way = relative(folder, file)
  return way !== '' && !way.startsWith('..') && !isAbsolute(way)
}
