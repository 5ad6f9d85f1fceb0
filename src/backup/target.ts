import type { TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import type { NativeCopy } from '../core/native-copy.js'
import { quoteName } from '../core/sql.js'
import type { Pipeline } from '../load/pipeline.js'
import { openTarget } from '../plan/open.js'

/** Opens the target of a pipeline alone. */
export function openAlone(pipeline: Pipeline, readOnly: boolean): Promise<Database> {
  return openTarget(pipeline.spec, {
    readOnly,
    baseDir: pipeline.baseDir,
    applicationName: `etl ${pipeline.spec.name} backup`,
    create: true,
  })
}

/** The tables that the entities of the file write. */
export function touchedTables({ spec }: Pipeline): readonly TableRef[] {
  return spec.entities.map(entity => entity.to.table)
}

export interface CopyWay {
  /** Undefined: its tables are dumped. */
  readonly native?: NativeCopy
  /** Why they are, where that was not to be expected. */
  readonly note?: string
}

/** The database's own copy where it has one and all of it is wanted, or all of it costs no more. */
export async function copyWay(database: Database, scope: 'touched' | 'database'): Promise<CopyWay> {
  const copy = await database.nativeCopy?.()
  if (copy === undefined) return {}
  if ('unavailable' in copy) return scope === 'database' ? { note: `${copy.unavailable}: rows alone were saved` } : {}
  return copy.always || scope === 'database' ? { native: copy } : {}
}

/** The rows of the ledger's names that are this pipeline's, whose own name holds nothing to be quoted. */
export function ownIdentities(database: Database, { spec }: Pipeline): string {
  return `${quoteName(database.connector.capabilities.dialect, 'pipeline')} = '${spec.name}'`
}
