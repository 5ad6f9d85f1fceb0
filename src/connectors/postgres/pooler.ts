import { EtlError } from '../../core/errors.js'
import type { PgConnection } from './connection.js'

/** Another client may take a session between two looks at it. */
const LOOKS = 10

/**
 * A pooler in session mode is as good as the server. One that hands out a session for each transaction or statement is
 * not: the pinned settings, the lock and the temporary tables would be on sessions of others. E312, before anything is
 * written.
 *
 * A pooler gives itself away by a number that is not the session's own. In session mode no two of our connections can be
 * on the same session, nor one on two; in the other modes one of both happens as soon as they take turns, whether the
 * pooler prefers the session that was used last or the one that waits longest.
 *
 * @param another one more connection to the same place
 */
export async function refuseSharedSessions(
  connection: PgConnection,
  another: () => Promise<PgConnection>,
): Promise<void> {
  const first = await pidOf(connection)
  if (first === connection.announcedPid) return
  const second = await another()
  try {
    const other = await pidOf(second)
    for (let look = 0; look < LOOKS; look++) {
      const pids = [await pidOf(connection), await pidOf(second)]
      if (first === other || pids[0] !== first || pids[1] !== other) throw sharedSessions(connection)
    }
  } finally {
    await second.close()
  }
}

export function sharedSessions({ where }: PgConnection): EtlError {
  return new EtlError('E312', 'a pooler is in between that gives each transaction another session', {
    kind: 'connection',
    where,
    hint: 'connect to the server itself, or to a pooler in session mode (pgbouncer: `pool_mode = session`)',
  })
}

async function pidOf(connection: PgConnection): Promise<number> {
  return Number((await connection.run('select pg_backend_pid()')).rows[0]?.[0])
}
