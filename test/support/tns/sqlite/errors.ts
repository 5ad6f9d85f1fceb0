import { notUnderstood, OraError } from '../ora-error.js'
import type { Catalog, ConstraintDef, TableDef } from './catalog.js'

export interface FailedStatement {
  readonly catalog: Catalog
  readonly is: 'insert' | 'update' | 'delete' | 'other'
  readonly table: TableDef | undefined
  /** Finds the foreign key that the storage does not name. */
  readonly brokenReference?: () => { readonly table: TableDef; readonly constraint: ConstraintDef } | undefined
}

/** The storage's error as the database would word it. */
export function toOraError(error: unknown, failed: FailedStatement): OraError {
  if (error instanceof OraError) return error
  const message = error instanceof Error ? error.message : String(error)
  const nulls = /^NOT NULL constraint failed: (\w+)\.(\w+)/.exec(message)
  if (nulls !== null) {
    const table = byPhysical(failed.catalog, nulls[1] ?? '')
    const column = table?.columns.find(candidate => candidate.physical === nulls[2])
    const name = `("${table?.owner}"."${table?.name}"."${column?.name}")`
    return failed.is === 'update'
      ? new OraError(1407, `cannot update ${name} to NULL`)
      : new OraError(1400, `cannot insert NULL into ${name}`)
  }
  const unique = /^UNIQUE constraint failed: (.+)$/.exec(message)
  if (unique !== null)
    return new OraError(1, `unique constraint (${uniqueName(failed.catalog, unique[1] ?? '')}) violated`)
  const check = /^CHECK constraint failed: (.+)$/.exec(message)
  if (check !== null) return new OraError(2290, `check constraint (${check[1]}) violated`)
  if (message.startsWith('FOREIGN KEY constraint failed')) {
    const broken = failed.brokenReference?.()
    const name = broken === undefined ? 'unknown' : `${broken.table.owner}.${broken.constraint.name}`
    return failed.is === 'delete' || (broken !== undefined && broken.table !== failed.table)
      ? new OraError(2292, `integrity constraint (${name}) violated - child record found`)
      : new OraError(2291, `integrity constraint (${name}) violated - parent key not found`)
  }
  if (/database is locked/.test(message)) return new OraError(30006, 'resource busy; acquire with WAIT timeout expired')
  return notUnderstood(`the storage says: ${message}`)
}

function byPhysical(catalog: Catalog, physical: string): TableDef | undefined {
  for (const table of catalog.tables.values()) if (table.physical === physical) return table
  return undefined
}

/** `t1.c1, t1.c2` or `index 'i3'`. */
function uniqueName(catalog: Catalog, text: string): string {
  const index = /^index '(\w+)'$/.exec(text)?.[1]
  const parts = text.split(', ').map(part => part.split('.'))
  for (const table of catalog.tables.values()) {
    const byIndex = table.indexes.find(one => one.physical === index)
    if (byIndex !== undefined) return `${table.owner}.${byIndex.name}`
    if (index !== undefined || table.physical !== parts[0]?.[0]) continue
    const names = parts.map(part => table.columns.find(column => column.physical === part[1])?.name)
    const same = (columns: readonly (string | undefined)[]): boolean => columns.join('\u0000') === names.join('\u0000')
    const found =
      table.constraints.find(one => (one.kind === 'P' || one.kind === 'U') && same(one.columns)) ??
      table.indexes.find(one => same(one.parts.map(part => (part.is === 'column' ? part.path.at(-1) : undefined))))
    if (found !== undefined) return `${table.owner}.${found.name}`
  }
  return 'unknown'
}
