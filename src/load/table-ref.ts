import type { TableRef } from '../core/catalog.js'
import { parseTable } from '../core/catalog.js'
import { record } from './shape.js'

/** `table`, `schema.table` or `{ schema, table }`; beside a `schema` a dot belongs to the table's name. */
export function tableRef(raw: unknown): TableRef {
  if (typeof raw === 'string') return parseTable(raw)
  const { schema, table } = record(raw)
  return schema === undefined ? parseTable(String(table)) : { schema: String(schema), table: String(table) }
}
