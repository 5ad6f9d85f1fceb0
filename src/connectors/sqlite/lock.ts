import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import type { Lock } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { FileOptions } from './connection.js'
import { Connection } from './connection.js'

/**
 * A lock that the operating system frees when this process dies, however it dies: an exclusive transaction on an empty
 * database beside the target, `<file>.<hash of the name>.etl-lock`. The target itself stays free for everybody.
 * The file is left in place, because removing it would let two processes hold two files of the same name.
 */
export async function lockFile(file: string, path: string, name: string): Promise<Lock | undefined> {
  const side = `${file}.${createHash('sha256').update(name).digest('hex').slice(0, 8)}.etl-lock`
  createPrivately(side, path)
  const connection = await holdFile({ file: side, path: `${path} (lock)`, busyTimeout: 0 })
  if (connection === undefined) return undefined
  return {
    // Nobody but this process can end it.
    check: async () => {},
    release: () => {
      connection.close()
      return Promise.resolve()
    },
  }
}

async function holdFile(file: FileOptions): Promise<Connection | undefined> {
  let connection: Connection | undefined
  try {
    connection = await Connection.open(file, false)
    connection.execute('begin exclusive')
    return connection
  } catch (error) {
    connection?.close()
    if (error instanceof EtlError && error.code === 'E307') return undefined
    throw error
  }
}

function createPrivately(side: string, path: string): void {
  try {
    // Only ever a new file: closing a descriptor of an existing one would drop the locks this process has on it.
    closeSync(openSync(side, 'wx', 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new EtlError('E305', `the lock file beside ${path} cannot be created`, {
      kind: 'connection',
      where: path,
      hint: 'check that the folder of the target can be written',
      cause,
    })
  }
}
