import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/**
 * The bytes of a file that a pipeline names. A pipe would be waited for, and a device has no end, so neither is read.
 *
 * @param most bytes that it may have
 * @throws NodeJS.ErrnoException of the system; `EFTYPE` for what is no file, `EFBIG` for one that is too large
 */
export function readPlainFile(path: string, most: number): Buffer {
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = fstatSync(handle)
    if (found.isDirectory()) throw refused('EISDIR')
    if (!found.isFile()) throw refused('EFTYPE')
    if (found.size > most) throw refused('EFBIG')
    return readFileSync(handle)
  } finally {
    closeSync(handle)
  }
}

function refused(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code })
}
