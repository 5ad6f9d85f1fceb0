import type { Snapshot } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { OracleConnection } from './connection.js'
import type { From } from './source.js'
import { fromSql } from './source.js'

/** Both need a grant; some logins have the one, some the other. */
const PRESENT = [
  'select to_char(dbms_flashback.get_system_change_number) from dual',
  'select to_char(current_scn) from v$database',
]

/**
 * A system change number: whoever reads AS OF it sees one state, for as long as the server keeps the undo data.
 * Undefined where the login may not learn it, or may not read each of the sources by it.
 */
export async function takeSnapshot(
  connection: OracleConnection,
  sources: Iterable<From>,
  id: string | undefined,
): Promise<Snapshot | undefined> {
  const scn = id ?? (await presentScn(connection))
  if (scn === undefined || !/^\d+$/.test(scn)) return undefined
  for (const from of sources) {
    const probe = `select 1 from ${fromSql(from, undefined, scn)} where 1 = 0`
    if ((await attempt(() => connection.run(probe))) === undefined) return undefined
  }
  return { id: scn, survives: true, close: async () => {} }
}

async function presentScn(connection: OracleConnection): Promise<string | undefined> {
  for (const sql of PRESENT) {
    const found = await attempt(() => connection.run(sql))
    if (found !== undefined) return String(found.rows[0]?.[0])
  }
  return undefined
}

/** Undefined where the server refuses; trouble with the connection is thrown. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof EtlError && error.code !== 'E306' && error.code !== 'E301') return undefined
    throw error
  }
}
