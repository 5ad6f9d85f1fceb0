import type { Table, TableRef } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import { singular, wordsOf } from './names.js'

export interface Link {
  readonly table: Table
  readonly columns: readonly string[]
  readonly to: Table
  readonly toColumns: readonly string[]
  readonly declared: boolean
}

/** References that the schema declares, then those that the names of columns suggest: `trainer_id` in any table means `trainers`. */
export function linksOf(tables: readonly Table[]): Link[] {
  return [...tables.flatMap(table => declared(table, tables)), ...tables.flatMap(table => guessed(table, tables))]
}

function declared(table: Table, tables: readonly Table[]): Link[] {
  return table.foreignKeys.flatMap(({ columns, references, referencedColumns }) => {
    const to = tables.find(candidate => isTable(candidate, references, table.schema))
    return to === undefined ? [] : [{ table, columns, to, toColumns: referencedColumns, declared: true }]
  })
}

function isTable(table: Table, ref: TableRef, schema: string | undefined): boolean {
  return table.table === ref.table && (ref.schema ?? schema) === (table.schema ?? schema)
}

function guessed(table: Table, tables: readonly Table[]): Link[] {
  const known = new Set(table.foreignKeys.flatMap(({ columns }) => columns))
  return table.columns.flatMap(column => {
    const words = wordsOf(column.name)
    if (known.has(column.name) || words.length < 2 || words.at(-1) !== 'id') return []
    const thing = words.slice(0, -1).map(singular)
    const to = bestMatch(thing, tables)
    const [key, ...more] = to?.primaryKey ?? []
    const keyColumn = to?.columns.find(({ name }) => name === key)
    if (to === undefined || keyColumn === undefined || more.length > 0) return []
    // A table's own key may be called by its name; it refers to nothing.
    if (to === table && table.primaryKey.includes(column.name)) return []
    if (keyColumn.type.kind !== column.type.kind) return []
    return [{ table, columns: [column.name], to, toColumns: [keyColumn.name], declared: false }]
  })
}

/** The table of that name; else the only one whose name ends in it, as `clients_client` does in `client`. */
function bestMatch(thing: readonly string[], tables: readonly Table[]): Table | undefined {
  const named = tables.map(table => ({ table, words: wordsOf(table.table).map(singular) }))
  const exact = named.find(({ words }) => words.join(' ') === thing.join(' '))
  if (exact !== undefined) return exact.table
  const ending = named.filter(({ words }) => words.slice(-thing.length).join(' ') === thing.join(' '))
  return ending.length === 1 ? ending[0]?.table : undefined
}

/** For messages: `trainers.id`. */
export function linkText({ to, toColumns }: Link): string {
  return `${formatTable(to)}.${toColumns.join(', ')}`
}
