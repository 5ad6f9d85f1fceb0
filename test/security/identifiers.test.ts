import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import type { Connector, Database } from '../../src/core/connector.js'
import { loadPipeline, PipelineError, planPipeline, startRun, undoRun } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { type OracleSchema, database as oracle } from '../support/tns/test-database.js'
import { IDENTIFIERS } from './corpora/identifiers.js'

interface Engine {
  readonly database: TestDatabase
  readonly quote: '"' | '`'
  /** What the engine's own manual takes as a name. */
  readonly takes: (name: string) => boolean
}

const bytes = (name: string): number => Buffer.byteLength(name)
const ENGINES: readonly Engine[] = [
  { database: postgres, quote: '"', takes: name => bytes(name) <= 63 && !SYSTEM_COLUMNS.has(name) },
  { database: mysql, quote: '`', takes: name => [...name].length <= 64 && !/[\u{10000}-\u{10ffff}]|\s$/u.test(name) },
  { database: sqlite, quote: '"', takes: () => true },
  { database: oracle, quote: '"', takes: name => bytes(name) <= 128 && !name.includes('"') },
]
const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid'])

const TABLES = 14
const open: TestSchema[] = []
afterAll(() => Promise.all(open.map(schema => schema.drop())))

interface Made {
  readonly table: string
  /** The first one is the key, a number; the others hold text. */
  readonly columns: readonly string[]
}

/** What no engine tells apart: case, accents, and spaces at the end. */
const folded = (name: string): string =>
  name.normalize('NFKD').replace(/\p{M}/gu, '').trimEnd().toLowerCase().normalize('NFKD') || name

/** All names as columns, of tables that are called by some of them: others for each pair of engines. */
function tablesOf(names: readonly string[], turn: number): readonly Made[] {
  const tables = Array.from({ length: TABLES }, () => new Map<string, string>())
  const titles = new Map<string, string>()
  for (const [i, name] of names.entries()) {
    const place = tables.findIndex((_, step) => !tables[(i + step) % TABLES]?.has(folded(name)))
    tables[(i + place) % TABLES]?.set(folded(name), name)
    const title = names[(turn * TABLES + i) % names.length] as string
    if (titles.size < TABLES) titles.set(folded(title), title)
  }
  return tables.map((columns, i) => ({ table: [...titles.values()][i] as string, columns: [...columns.values()] }))
}

const pairs = ENGINES.flatMap((from, i) => ENGINES.map((to, j) => ({ from, to, turn: i * ENGINES.length + j }))).map(
  pair => ({ ...pair, title: `${pair.from.database.name} to ${pair.to.database.name}` }),
)

test('there are more than two hundred names, and each is the name of a table once', () => {
  expect(IDENTIFIERS.length).toBeGreaterThan(200)
  expect(pairs.length * TABLES).toBeGreaterThan(200)
})

describe('SQL by names of tables and columns: hundreds of hostile ones are only names', () => {
  test.each(pairs)('$title', { timeout: 240_000 }, async ({ from, to, turn }) => {
    const names = IDENTIFIERS.filter(name => from.takes(name) && to.takes(name))
    const made = tablesOf(names, turn)
    const [source, target] = [await from.database.create('ids_from'), await to.database.create('ids_to')]
    open.push(source, target)
    await execute(
      source,
      made.flatMap(table => statementsOf(table, from)),
    )

    const place = new Workspace()
    const configOf = ({ config, baseDir }: TestSchema): object =>
      config.type === 'sqlite' ? { ...config, path: join(baseDir, String(config.path)) } : config
    place.write(
      'pipeline.yaml',
      `version: 1
name: ids
sources: { old: ${JSON.stringify(configOf(source))} }
target: ${JSON.stringify(configOf(target))}
defaults: { rest: copy, batch_size: 3 }
entities:
${made.map(({ table }, i) => `  e${i}: { from: ${refIn(source, table)}, to: ${refIn(target, table, ', create: if_missing')} }`).join('\n')}
`,
    )
    const pipeline = await loadPipeline(place.path('pipeline.yaml'))
    const before = await list(target)
    const run = await startRun(pipeline, { verify: 'full', backup: false }).catch((error: unknown) => {
      throw error instanceof PipelineError
        ? new Error(error.diagnostics.map(({ message }) => message).join('\n'))
        : error
    })
    const result = await run.result
    expect([result.status, result.error?.code, result.error?.message]).toEqual(['ok', undefined, undefined])
    expect(result.verification?.state).toBe('verified')
    for (const { table, columns } of made)
      expect([table, await rowsOf(target, to, { table, columns })]).toEqual([table, valuesOf(columns)])

    const undone = await undoRun(pipeline, { run: 'last' })
    expect(undone.verified).toBe(true)
    expect((await list(target)).filter(name => made.some(({ table }) => table === name))).toEqual(before)
    for (const { table, columns } of made)
      expect(await rowsOf(source, from, { table, columns })).toEqual(valuesOf(columns))
  })
})

test.each([
  ['etl_run', 'null', true],
  ['ETL_Batch', 'null', true],
  ['etl_kept_7_0', '{ schema: main }', true],
  ['etl_run', '{ schema: other }', false],
  ['etl_runs', 'null', false],
])('a table of the ledger is no target: %s, ledger %s', async (table, ledger, refused) => {
  const place = new Workspace()
  place.write(
    'pipeline.yaml',
    `version: 1
name: ids
target: { type: sqlite, path: target.sqlite }
${ledger === 'null' ? '' : `ledger: ${ledger}\n`}entities:
  a:
    from: { rows: [{ id: 1 }] }
    rest: ignore
    to: { schema: main, table: ${table}, create: if_missing }
    fields: { id: { value: 1, type: integer } }
`,
  )
  const problems = await planPipeline(await loadPipeline(place.path('pipeline.yaml'))).then(
    () => [],
    (error: PipelineError) => error.diagnostics.map(({ code, message }) => `${code} ${message}`),
  )
  expect(problems).toEqual(refused ? [`E228 ${table} is a table of the ledger, where runs are kept`] : [])
})

const ROWS = 5
function valuesOf(columns: readonly string[]): unknown[][] {
  return Array.from({ length: ROWS }, (_, row) =>
    columns.map((name, i) => (i === 0 ? String(row + 1) : `${row} ${name}`)),
  )
}

/** Quoting of the test's own, by the engines' manuals. */
const quoteIn = ({ quote }: Engine, name: string): string => quote + name.replaceAll(quote, quote + quote) + quote
const literalIn = ({ quote }: Engine, text: string): string =>
  `'${(quote === '`' ? text.replaceAll('\\', '\\\\') : text).replaceAll("'", "''")}'`

function statementsOf({ table, columns }: Made, engine: Engine): string[] {
  const name = quoteIn(engine, table)
  const text = engine.database.name === 'oracle' ? 'varchar2(400)' : 'varchar(400)'
  const lines = columns.map(
    (column, i) => `${quoteIn(engine, column)} ${i === 0 ? 'integer not null primary key' : text}`,
  )
  const inserts = valuesOf(columns).map(
    row =>
      `insert into ${name} values (${row.map((value, i) => (i === 0 ? value : literalIn(engine, String(value)))).join(', ')})`,
  )
  return [`create table ${name} (${lines.join(', ')})`, ...inserts]
}

async function execute(schema: TestSchema, statements: readonly string[]): Promise<void> {
  if (schema.config.type === 'oracle') await (schema as OracleSchema).native(statements)
  else for (const statement of statements) await schema.exec(statement)
}

async function rowsOf(schema: TestSchema, engine: Engine, { table, columns }: Made): Promise<unknown[][]> {
  const sql = `select ${columns.map((name, i) => `${quoteIn(engine, name)} as c${i}`).join(', ')} from ${quoteIn(engine, table)} order by 1`
  const rows = schema.config.type === 'oracle' ? await (schema as OracleSchema).select(sql) : await schema.rows(sql)
  return rows.map(row => row.map(String))
}

async function list({ config, baseDir }: TestSchema): Promise<string[]> {
  const connector = connectorNamed(config.type) as Connector
  const database: Database = await connector.open(config, { readOnly: true, baseDir, applicationName: 'etl test' })
  try {
    return (await database.listTables()).map(({ table }) => table)
  } finally {
    await database.close()
  }
}

/** Beside a schema a dot is a part of the name. */
function refIn({ config }: TestSchema, table: string, more = ''): string {
  const database = config.url === undefined ? '' : new URL(String(config.url)).pathname.slice(1)
  const schema = { postgres: 'public', mysql: database, sqlite: 'main', oracle: 'ETL' }[config.type] as string
  return `{ schema: ${schema}, table: ${quoted(table)}${more} }`
}

/** JSON is YAML, but for characters that YAML wants escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text.replaceAll('${', () => '$${')).replace(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
