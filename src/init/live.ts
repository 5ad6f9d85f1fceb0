import { formatTable, type Table, type TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import type { Pipeline } from '../load/pipeline.js'
import { languageSchema } from '../load/schema.js'
import { openDatabases } from '../plan/open.js'
import { placesOf } from '../plan/source-shape.js'
import { LEDGER_TABLES } from '../run/ledger-tables.js'
import type { PipelineSpec } from '../spec/model.js'
import { type LiveDatabase, type LiveTables, liveSchema, namesOf } from './live-schema.js'
import { rowTypes } from './row-types.js'

/** What an editor and functions of one's own are told of a pipeline's databases. */
export interface LiveFiles {
  /** The JSON Schema of the language, whose tables and columns are those that there are. */
  readonly schema: string
  /** A `.d.ts` with the type of the rows of each table. */
  readonly types: string
  /** Tables and columns that were found, by source and `target`. */
  readonly found: Readonly<Record<string, { readonly tables: number; readonly columns: number }>>
}

/** Connects (read-only) and reads the catalogs of the sources and of the target; no rows. */
export async function liveFiles(pipeline: Pipeline): Promise<LiveFiles> {
  const { spec } = pipeline
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} schema` })
  try {
    const sources: Record<string, LiveDatabase> = {}
    for (const [name, database] of databases.sources) sources[name] = await tablesOf(database, mentioned(spec, name))
    const tables: LiveTables = { sources, target: await tablesOf(databases.target, mentioned(spec, 'target')) }
    const all = [...Object.entries(sources), ['target', tables.target] as const]
    return {
      schema: `${JSON.stringify(liveSchema(languageSchema(), tables))}\n`,
      types: rowTypes(tables),
      found: Object.fromEntries(
        all.map(([name, found]) => [
          name,
          { tables: found.tables.length, columns: found.tables.reduce((sum, { columns }) => sum + columns.length, 0) },
        ]),
      ),
    }
  } finally {
    await databases.close()
  }
}

/** Tables that the file names, among them those of other schemas than the default one. */
function mentioned(spec: PipelineSpec, database: string): TableRef[] {
  const places = spec.entities.flatMap(({ from }) => placesOf(from))
  const read = places.flatMap(place => {
    if (place.kind === 'table' && place.source === database) return [place.table]
    return place.kind === 'target' && database === 'target' ? [place.table] : []
  })
  const looked = Object.values(spec.lookups).flatMap(lookup => (lookup.in === database ? [lookup.table] : []))
  const written = database === 'target' ? spec.entities.map(({ to }) => to.table) : []
  return [...read, ...looked, ...written]
}

async function tablesOf(database: Database, refs: readonly TableRef[]): Promise<LiveDatabase> {
  const files = database.connector.capabilities.files === true
  const listed = files ? [] : await database.listTables()
  const [first] = listed
  const found = new Map<string, Table>()
  for (const ref of [...listed, ...refs]) {
    // A file that cannot be read is the run's to tell.
    const table = await (files ? database.table(ref).catch(() => undefined) : database.table(ref))
    if (table !== undefined && !Object.hasOwn(LEDGER_TABLES, table.table.toLowerCase()))
      found.set(formatTable(table), table)
  }
  return {
    files,
    tables: [...found.values()].map(table => ({ names: namesOf(table, first?.schema), columns: table.columns })),
  }
}
