import { contentOf, dumpedTable } from '../backup/table-dump.js'
import type { Database } from '../core/connector.js'
import { LEDGER_TABLES } from '../run/ledger-tables.js'
import { beginSession } from '../run/reading-sessions.js'

/** What the tables hold, but for the ledger's: a digest by table. */
export async function stateOf(database: Database, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const session = await beginSession(database, undefined)
  try {
    const state = new Map<string, string>()
    for (const ref of await database.listTables()) {
      const table = await database.table(ref)
      if (table?.kind !== 'table' || Object.hasOwn(LEDGER_TABLES, table.table)) continue
      const { rows, digest } = await contentOf(session, dumpedTable(table), signal)
      state.set(table.table, `${rows} ${digest}`)
    }
    return state
  } finally {
    await session.rollback()
    await session.close()
  }
}

/** Tables that are not the same in both. */
export function differing(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter(name => one.get(name) !== other.get(name))
}
