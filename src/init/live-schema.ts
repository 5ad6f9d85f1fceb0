import { formatTable, type Table } from '../core/catalog.js'

/** The tables of every database that a pipeline knows, as its file names them. */
export interface LiveTables {
  readonly sources: Readonly<Record<string, LiveDatabase>>
  readonly target: LiveDatabase
}

export interface LiveDatabase {
  /** Its tables are files, named by their path; others than those known may be read. */
  readonly files: boolean
  readonly tables: readonly LiveTable[]
}

export interface LiveTable extends Pick<Table, 'columns'> {
  /** Every way in which the file may name it: `orders`, `sales.orders`. */
  readonly names: readonly string[]
}

/** Every way in which a file may name the table. */
export function namesOf(table: Table, defaultSchema: string | undefined): string[] {
  const full = formatTable(table)
  return table.schema === defaultSchema && full !== table.table ? [table.table, full] : [full]
}

type JsonSchema = { [keyword: string]: unknown }

const TABLE = 'There is no such table; `etl schema --live` reads again what is there.'
const COLUMN = 'The table has no such column; `etl schema --live` reads again what is there.'

/**
 * The language's schema, in which tables and columns are those that there are: an editor offers them, and marks what is
 * not there. Columns of queries and unions are not known to it.
 */
export function liveSchema(language: Readonly<JsonSchema>, tables: LiveTables): JsonSchema {
  const schema = structuredClone(language) as JsonSchema
  const entity = at(schema, 'properties', 'entities', 'additionalProperties')
  entity.allOf = [...sourceRules(tables), ...targetRules(tables.target)]
  const lookup = at(schema, 'properties', 'lookups', 'additionalProperties')
  lookup.allOf = lookupRules(tables)
  return schema
}

function sourceRules({ sources, target }: LiveTables): JsonSchema[] {
  const names = Object.keys(sources)
  const [only] = names.length === 1 ? names : []
  const place = { source: { enum: names } }
  const rules: JsonSchema[] = [
    when({ from: { type: 'object' } }, { from: { properties: { ...place, union: { items: { properties: place } } } } }),
  ]
  for (const [name, { files, tables }] of Object.entries(sources)) {
    const known = oneOf(
      tables.flatMap(table => table.names),
      TABLE,
    )
    const inSource = (rest: JsonSchema): JsonSchema => ({
      type: 'object',
      required: [...((rest.required as string[] | undefined) ?? []), ...(name === only ? [] : ['source'])],
      properties: { ...(rest.properties as JsonSchema | undefined), source: { const: name } },
      not: { required: ['target'] },
    })
    if (!files) {
      if (name === only) rules.push(when({ from: { type: 'string' } }, { from: known }))
      rules.push(when({ from: inSource({ required: ['table'] }) }, { from: { properties: { table: known } } }))
    }
    for (const table of tables) {
      const key = files ? 'file' : 'table'
      const long = inSource({ required: [key], properties: { [key]: { enum: table.names } } })
      const from = name === only && !files ? { anyOf: [{ enum: table.names }, long] } : long
      rules.push(...readRules(from, oneOf(columnsOf(table), COLUMN)))
    }
  }
  for (const table of target.tables) {
    const from = {
      type: 'object',
      required: ['target', 'table'],
      properties: { target: { const: true }, table: { enum: table.names } },
    }
    rules.push(...readRules(from, oneOf(columnsOf(table), COLUMN)))
  }
  return rules
}

/** Where rows come from a table: its columns. Names of `let` stand beside them, so then only the keys are held. */
function readRules(from: JsonSchema, column: JsonSchema): JsonSchema[] {
  const reading = {
    if: { type: 'string' },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: column,
    else: { properties: { from: nameOrNames(column) } },
  }
  return [
    when(
      { from },
      {
        from: { properties: { columns: { items: column } } },
        key: nameOrNames(column),
        order_by: nameOrNames(column),
        incremental: { properties: { column } },
      },
    ),
    { ...when({ from }, { fields: { additionalProperties: reading } }, { required: ['let'] }) },
  ]
}

function targetRules({ files, tables }: LiveDatabase): JsonSchema[] {
  if (files) return []
  const known = oneOf(
    tables.flatMap(table => table.names),
    TABLE,
  )
  const created = { required: ['create'], properties: { create: { const: 'if_missing' } } }
  return [
    when({ to: { type: 'string' } }, { to: known }),
    when({ to: { type: 'object', required: ['table'], not: created } }, { to: { properties: { table: known } } }),
    ...tables.map(table => {
      const column = oneOf(columnsOf(table), COLUMN)
      const long = { type: 'object', required: ['table'], properties: { table: { enum: table.names } } }
      return when(
        { to: { anyOf: [{ enum: table.names }, long] } },
        { fields: { propertyNames: column }, match: nameOrNames(column), defer: { items: column } },
      )
    }),
  ]
}

function lookupRules({ sources, target }: LiveTables): JsonSchema[] {
  const names = Object.keys(sources)
  return [...Object.entries(sources), ['target', target] as const].flatMap(([name, { files, tables }]) => {
    if (files) return []
    const isIn = name === names[0] && names.length === 1 ? {} : { required: ['in'] }
    const known = oneOf(
      tables.flatMap(table => table.names),
      TABLE,
    )
    return [
      { ...when({ in: { const: name } }, { table: known }), if: { properties: { in: { const: name } }, ...isIn } },
      ...tables.map(table => {
        const column = nameOrNames(oneOf(columnsOf(table), COLUMN))
        return {
          if: { properties: { in: { const: name }, table: { enum: table.names } }, required: ['table'], ...isIn },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: { properties: { key: column, value: column } },
        }
      }),
    ]
  })
}

function when(condition: JsonSchema, properties: JsonSchema, not?: JsonSchema): JsonSchema {
  return {
    if: { properties: condition, required: Object.keys(condition), ...(not === undefined ? {} : { not }) },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties },
  }
}

function oneOf(values: readonly string[], errorMessage: string): JsonSchema {
  return { enum: values, errorMessage }
}

function nameOrNames(column: JsonSchema): JsonSchema {
  return {
    if: { type: 'array' },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { items: column },
    else: column,
  }
}

function columnsOf({ columns }: LiveTable): string[] {
  return columns.map(({ name }) => name)
}

function at(schema: JsonSchema, ...keys: readonly string[]): JsonSchema {
  return keys.reduce((node, key) => node[key] as JsonSchema, schema)
}
