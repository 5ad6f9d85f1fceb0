import { type CatalogSources, Catalogs } from './catalogs.js'
import { type Plan, readsOf } from './plan.js'

/** The tables that a plan reads as they are now; files, which keep nothing unique, are not looked at. */
export async function sourceCatalogs(databases: CatalogSources, plan: Plan): Promise<Catalogs> {
  const catalogs = new Catalogs(databases)
  for (const { from } of plan.entities.flatMap(({ read }) => readsOf(read))) {
    if (from.kind === 'table' && catalogs.database(from.source).connector.capabilities.files !== true)
      catalogs.wantTable(from.source, from.table)
  }
  await catalogs.load()
  return catalogs
}
