import { setTimeout as sleep } from 'node:timers/promises'
import { EtlError } from '../../core/errors.js'
import type { PgConnection } from './connection.js'

/** Process numbers come again, so the second in which the process began is part of the name. */
const ID = `pid || '@' || extract(epoch from backend_start)`
const ENDING_MS = 5000
const LOOK_MS = 50

export async function sessionId(connection: PgConnection): Promise<string> {
  const { rows } = await connection.run(`select ${ID} from pg_catalog.pg_stat_activity where pid = pg_backend_pid()`)
  return rows[0]?.[0] ?? ''
}

/** Those of the sessions that are gone in the end. */
export async function endSessions(connection: PgConnection, ids: readonly string[]): Promise<readonly string[]> {
  const those = `from pg_catalog.pg_stat_activity where ${ID} = any(string_to_array($1, ','))`
  const list = [ids.join(',')]
  try {
    await connection.run(`select pg_terminate_backend(pid) ${those}`, list)
  } catch (error) {
    if (!(error instanceof EtlError) || error.code !== 'E304') throw error
  }
  for (let waited = 0; ; waited += LOOK_MS) {
    const { rows } = await connection.run(`select ${ID} ${those}`, list)
    if (rows.length > 0 && waited < ENDING_MS) {
      await sleep(LOOK_MS)
      continue
    }
    const there = new Set(rows.map(row => row[0]))
    return ids.filter(id => !there.has(id))
  }
}
