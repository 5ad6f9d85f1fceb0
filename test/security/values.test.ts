import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import type { Connector, Database } from '../../src/core/connector.js'
import { loadPipeline, startRun } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { type OracleSchema, database as oracle } from '../support/tns/test-database.js'
import { ALL_TEXTS } from './corpora/texts.js'

const open: TestSchema[] = []
afterAll(() => Promise.all(open.map(schema => schema.drop())))

const create = async (database: TestDatabase): Promise<TestSchema> => {
  const schema = await database.create('values')
  open.push(schema)
  return schema
}

const TABLE: Readonly<Record<string, string>> = {
  postgres: 'create table t (k varchar(200) collate "C" not null primary key, v text)',
  mysql:
    'create table t (k varchar(180) character set utf8mb4 collate utf8mb4_nopad_bin not null primary key, v longtext)',
  sqlite: 'create table t (k text not null primary key, v text)',
  oracle: 'create table "t" ("k" varchar2(400) not null primary key, "v" clob)',
}
const PAIRS = [
  [postgres, mysql],
  [mysql, sqlite],
  [sqlite, postgres],
  [postgres, sqlite],
  [mysql, postgres],
  [sqlite, mysql],
  [sqlite, oracle],
  [oracle, postgres],
] as const

/** Rows by the connector's own writer, whose values the test then reads with the plain driver. */
async function fill(schema: TestSchema, rows: readonly (readonly [string, string])[]): Promise<void> {
  await withDatabase(schema, async database => {
    const columns = (await database.table({ table: 't' }))?.columns ?? []
    const session = await database.session({ readOnly: false })
    try {
      await session.begin()
      const spec = { table: { table: 't' }, columns, mode: 'insert', match: [] } as const
      const writer = await session.writer(spec)
      await writer.write(database.connector.encoder(spec).encode(rows.map(row => [...row])), 0, rows.length)
      await writer.close()
      await session.commit()
    } finally {
      await session.close()
    }
  })
}

async function rowsOf(schema: TestSchema): Promise<[string, string][]> {
  const rows =
    schema.config.type === 'oracle'
      ? await (schema as OracleSchema).select('select "k", "v" from "t"')
      : await schema.rows('select k, v from t')
  return sorted(rows as [string, string][])
}

const sorted = (rows: readonly (readonly [string, string])[]): [string, string][] =>
  rows.map(([k, v]): [string, string] => [k, v]).sort(([a], [b]) => (a < b ? -1 : 1))

/** A NUL is in no text of PostgreSQL, empty text in none of Oracle. */
const texts = ALL_TEXTS.filter(text => text !== '')
const rows = texts.map((text, i): [string, string] => [text, texts[(i * 7 + 3) % texts.length] as string])

describe('SQL by values: whatever is in the rows and keys arrives as it was, also after a stop', () => {
  test.each(PAIRS.map(([from, to]) => ({ from, to, title: `${from.name} to ${to.name}` })))(
    '$title',
    {
      timeout: 200_000,
    },
    async ({ from, to }) => {
      const [source, target] = [await create(from), await create(to)]
      for (const schema of [source, target]) {
        const sql = TABLE[schema.config.type] as string
        if (schema.config.type === 'oracle') await (schema as OracleSchema).native([sql])
        else await schema.exec(sql)
      }
      await fill(source, rows)
      expect(await rowsOf(source)).toEqual(sorted(rows))

      const place = new Workspace()
      const configOf = ({ config, baseDir }: TestSchema): string =>
        JSON.stringify(config.type === 'sqlite' ? { ...config, path: join(baseDir, String(config.path)) } : config)
      place.write(
        'pipeline.yaml',
        `version: 1
name: texts
sources: { old: ${configOf(source)} }
target: ${configOf(target)}
vars: { hostile: ${JSON.stringify(`' or '1'='1`)} }
entities:
  t:
    from: t
    to: t
    load: upsert
    batch_size: 17
    chunks: 3
    let: { same: { '==': [{ var: v }, { var: $vars.hostile }] } }
    fields: { k: k, v: v }
    rest: ignore
    filter: { or: [{ var: same }, true] }
`,
      )
      const pipeline = await loadPipeline(place.path('pipeline.yaml'))
      // Every key is once the last of a batch where the run goes on, for one stop after another.
      let batches = 0
      let stop = (): void => undefined
      for (let turn = 0; turn < 4; turn++) {
        const run = await startRun(pipeline, {
          resume: turn > 0,
          backup: false,
          concurrency: 1,
          onEvent: event => {
            if (event.type === 'batch' && ++batches % 3 === 0 && turn < 3) stop()
          },
        })
        stop = () => run.stop('stop')
        const result = await run.result
        expect([turn, result.error?.code]).toEqual([turn, undefined])
        if (result.status === 'ok') break
        expect(result.status).toBe('interrupted')
      }
      expect(await rowsOf(target)).toEqual(sorted(rows))
      // All of them are there already: they are found by their keys, and none is changed.
      const again = await (await startRun(pipeline, { backup: false, verify: 'full' })).result
      expect([again.status, again.verification?.state]).toEqual(['ok', 'verified'])
      expect(await rowsOf(target)).toEqual(sorted(rows))
    },
  )

  test.each([postgres, mysql, sqlite])('any text made of such pieces ($name)', { timeout: 120_000 }, async database => {
    const schema = await create(database)
    await schema.exec(TABLE[database.name] as string)
    const piece = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
    const text = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join('').replaceAll('\u0000', ''))
    const values = fc.sample(text, { numRuns: 2000, seed: 9 })
    const made = values.map((value, i): [string, string] => [`${i}`.padStart(5, '0'), value])
    await fill(schema, made)
    expect(await rowsOf(schema)).toEqual(sorted(made))
  })
})

async function withDatabase<T>({ config, baseDir }: TestSchema, work: (database: Database) => Promise<T>): Promise<T> {
  const connector = connectorNamed(config.type) as Connector
  const database = await connector.open(config, { readOnly: false, baseDir, applicationName: 'etl test' })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
