import { createHash } from 'node:crypto'
import type { Lock } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { MyConnection } from './connection.js'
import { sessionId } from './sessions.js'

/**
 * A named lock on a connection of its own: the server frees it when the connection ends, however it ends.
 * Such names are the whole server's, so the schema is part of them.
 */
export async function takeLock(connection: MyConnection, schema: string, name: string): Promise<Lock | undefined> {
  // 64 characters is the most a name may have.
  const hash = createHash('sha256')
    .update(JSON.stringify([schema, name]))
    .digest('hex')
    .slice(0, 56)
  const { rows } = await connection.run('select get_lock(?, 0)', [`etl:${hash}`])
  if (String(rows[0]?.[0]) !== '1') {
    await connection.close()
    return undefined
  }
  return {
    session: await sessionId(connection),
    lost: connection.lost,
    check: async () => {
      const held = await connection.run('select is_used_lock(?) = connection_id()', [`etl:${hash}`])
      if (String(held.rows[0]?.[0]) !== '1')
        throw new EtlError('E306', 'the lock is lost', { kind: 'transient', where: connection.where })
    },
    release: async () => await connection.close(),
  }
}
