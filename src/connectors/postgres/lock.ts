import { createHash } from 'node:crypto'
import type { Lock } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { PgConnection } from './connection.js'
import { sharedSessions } from './pooler.js'
import { sessionId } from './sessions.js'

/** A session's advisory lock on a connection of its own: the server frees it when the connection ends, however it ends. */
export async function takeLock(connection: PgConnection, name: string): Promise<Lock | undefined> {
  const hash = createHash('sha256').update(name).digest()
  const keys = [hash.readInt32BE(0), hash.readInt32BE(4)]
  const taken = await connection.run('select pg_try_advisory_lock($1::int4, $2::int4)', keys)
  if (taken.rows[0]?.[0] !== 't') {
    await connection.close()
    return undefined
  }
  const held = async (): Promise<boolean> => {
    const { rows } = await connection.run(
      `select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and granted and pid = pg_backend_pid()
       and classid::int8 = $1::int8 & 4294967295 and objid::int8 = $2::int8 & 4294967295 and objsubid = 2`,
      keys,
    )
    return rows[0]?.[0] === '1'
  }
  // A pooler that hands each statement another session gives the lock away at once.
  if (!(await held())) {
    await connection.close()
    throw sharedSessions(connection)
  }
  return {
    session: await sessionId(connection),
    lost: connection.lost,
    check: async () => {
      if (!(await held()))
        throw new EtlError('E306', 'the lock is lost', { kind: 'transient', where: connection.where })
    },
    release: async () => await connection.close(),
  }
}
