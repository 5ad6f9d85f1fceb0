import { formatTable, type Table, type TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'

export interface ChosenTables {
  /** Parents before the tables that refer to them, as far as there is such an order. */
  readonly tables: readonly Table[]
  /** Some of them refer to each other in a circle, or to themselves. */
  readonly circular: boolean
  /** Asked for and not there. */
  readonly absent: readonly TableRef[]
}

/**
 * Tables that belong together: those asked for (all where none are) and those that refer to them, because what happens to
 * the rows of one reaches the rows of the others.
 */
export async function chooseTables(database: Database, asked: readonly TableRef[] | undefined): Promise<ChosenTables> {
  const found: Table[] = []
  const absent: TableRef[] = []
  for (const ref of asked ?? []) {
    const table = await database.table(ref)
    if (table === undefined) absent.push(ref)
    else found.push(table)
  }
  const all: Table[] = []
  for (const ref of await database.listTables()) {
    const table = await database.table(ref)
    if (table?.kind === 'table') all.push(table)
  }
  const chosen = new Map((asked === undefined ? all : found).map(table => [formatTable(table), table]))
  for (let grown = true; grown; ) {
    grown = false
    for (const table of all) {
      if (chosen.has(formatTable(table)) || !table.foreignKeys.some(key => chosen.has(formatTable(key.references))))
        continue
      chosen.set(formatTable(table), table)
      grown = true
    }
  }
  return { ...parentsFirst([...chosen.values()]), absent }
}

export function parentsFirst(tables: readonly Table[]): Pick<ChosenTables, 'tables' | 'circular'> {
  const left = new Map(tables.map(table => [formatTable(table), table]))
  const ordered: Table[] = []
  let circular = false
  while (left.size > 0) {
    const waits = (table: Table): boolean =>
      table.foreignKeys.some(key => {
        const parent = formatTable(key.references)
        return left.has(parent) && parent !== formatTable(table)
      })
    const free = [...left.values()].filter(table => !waits(table))
    if (free.length === 0) circular = true
    for (const table of free.length === 0 ? [...left.values()].slice(0, 1) : free) {
      circular ||= table.foreignKeys.some(key => formatTable(key.references) === formatTable(table))
      left.delete(formatTable(table))
      ordered.push(table)
    }
  }
  return { tables: ordered, circular }
}

/** Tables of the schema that a bare name means, under their bare names: another target may call that schema otherwise. */
export async function withoutHome(database: Database, tables: readonly Table[]): Promise<readonly Table[]> {
  for (const { schema, table } of tables) {
    const home = (await database.table({ table }))?.schema
    if (home === undefined || home !== schema) continue
    return tables.map(each => {
      const { schema: its, ...bare } = each
      return its === home ? bare : each
    })
  }
  return tables
}
