import { formatTable, type TableRef } from '../core/catalog.js'
import { quoteTable } from '../core/sql.js'
import { TARGET } from '../plan/catalogs.js'
import type { Databases } from '../plan/open.js'
import type { EntityPlan } from '../plan/plan.js'
import type { ReadingSessions } from '../run/reading-sessions.js'

/** Tables that one statement looks at. */
const AT_ONCE = 100

/** Whether rows of the target may have an entity's keys when its first row comes. */
export function meetsRows({ write }: EntityPlan, { connector }: Databases['target']): boolean {
  return !write.create && !write.replace && connector.capabilities.files !== true
}

/** Names of tables without rows, as far as one statement for many of them finds out; whoever is not among them may be empty too. */
export async function emptyTables(
  sessions: ReadingSessions,
  target: Databases['target'],
  entities: readonly EntityPlan[],
): Promise<ReadonlySet<string>> {
  const tables = new Map<string, TableRef>()
  for (const entity of entities)
    if (meetsRows(entity, target)) tables.set(formatTable(entity.write.table), entity.write.table)
  const empty = new Set(tables.keys())
  const { dialect } = target.connector.capabilities
  const all = [...tables]
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const page = all.slice(from, from + AT_ONCE)
    const asked = page.map(([, table], i) => {
      const name = quoteTable(dialect, table)
      return `select ${i} as i from (select count(*) as n from ${name} where 1 = 0) one where exists (select 1 from ${name})`
    })
    const session = await sessions.get(TARGET)
    for (const [i] of await session.query(asked.join(' union all '))) empty.delete(page[Number(i)]?.[0] ?? '')
  }
  return empty
}
