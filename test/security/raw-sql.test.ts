import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import type { Connector, Database, ReadSpec, Session } from '../../src/core/connector.js'
import { type CheckReport, checkPipeline, EtlError, loadPipeline } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { temporaryFolder, Workspace } from '../support/etl.js'
import { database as oracle } from '../support/tns/test-database.js'

/** Where attacks try to leave a file; the servers of these tests run as another user. */
const DROP = temporaryFolder()
const file = (name: string): string => join(DROP, name)

interface Attacks {
  /** Run before, besides the table. */
  readonly setup?: string
  /** What the SQL of a file must never do; everything else stays as it was. */
  readonly sql: readonly string[]
}

const COMMON = [
  'delete from victims',
  'update victims set name = null',
  "insert into victims values (9, 'x')",
  'drop table victims',
  'create table planted (id integer)',
  'select 1; delete from victims',
  'select 1; commit; delete from victims; select 1',
  'select 1) q; delete from victims; select (1',
  'select id from victims) q; drop table victims -- ',
  'commit',
  'rollback',
]

const ATTACKS: Readonly<Record<string, Attacks>> = {
  postgres: {
    setup: `create sequence counted;
      create function planting() returns integer language plpgsql as 'begin delete from victims; return 1; end'`,
    sql: [
      'with gone as (delete from victims returning 1) select count(*) from gone',
      'delete from victims returning 1',
      'select planting()',
      "select nextval('counted')",
      "select set_config('transaction_read_only', 'off', false)",
      "select set_config('default_transaction_read_only', 'off', false)",
      'set session characteristics as transaction read write',
      'set transaction read write',
      'select * into planted from victims',
      `copy (select 1) to '${file('pg-copy')}'`,
      `copy (select 1) to program 'touch ${file('pg-program')}'`,
      "do 'begin delete from victims; end'",
      'select 1 from victims for update',
      'begin; delete from victims; commit',
    ],
  },
  mysql: {
    setup: `create function planting() returns integer modifies sql data begin delete from victims; return 1; end`,
    sql: [
      'delete from victims returning 1',
      'select planting()',
      `select 1 into outfile '${file('my-outfile')}'`,
      `select 1) q into outfile '${file('my-outfile')}' -- `,
      `select 1) q into outfile '${file('my-outfile')}' /*`,
      `select 1 into dumpfile '${file('my-outfile')}'`,
      'set session transaction read write',
      'set @@session.tx_read_only = 0',
      'replace into victims values (1, null)',
      'truncate victims',
      `load data local infile '/etc/passwd' into table victims`,
      'create temporary table planted as select * from victims',
      'analyze table victims',
      'start transaction read write',
      '/*! delete from victims */',
    ],
  },
  sqlite: {
    sql: [
      'delete from victims returning 1',
      'with x as (select 1) delete from victims',
      `vacuum into '${file('sqlite-vacuum')}'`,
      `attach '${file('sqlite-attached')}' as planted`,
      `attach '/etc/passwd' as planted`,
      'pragma query_only = off',
      'pragma writable_schema = on',
      'pragma journal_mode = off',
      'pragma user_version = 7',
      "select load_extension('/tmp/planted.so')",
      `select writefile('${file('sqlite-written')}', 'x')`,
      "select readfile('/etc/passwd')",
      "select fts3_tokenizer('simple', x'00')",
      'select 1) q; delete from victims /*',
      'begin exclusive',
    ],
  },
  oracle: {
    sql: ['begin delete from victims; end;', "alter session set nls_date_format = 'YYYY'", 'truncate table victims'],
  },
}

const engines: readonly TestDatabase[] = [postgres, mysql, sqlite, oracle]
const sources = new Map<string, TestSchema>()

beforeAll(async () => {
  for (const engine of engines) {
    const source = await engine.create('rawsql')
    sources.set(engine.name, source)
    await source.exec(
      "create table victims (id integer not null primary key, name varchar(20)); insert into victims values (1, 'Ada'); insert into victims values (2, 'Grace')",
    )
    const { setup } = ATTACKS[engine.name] as Attacks
    if (setup !== undefined) await source.exec(setup)
  }
}, 120_000)
afterAll(() => Promise.all([...sources.values()].map(source => source.drop())))

describe.each(engines)(
  'SQL of the file: one statement a call, and a source is read, never written ($name)',
  ({ name }) => {
    const attacks = (): readonly string[] => {
      const all = [...COMMON, ...(ATTACKS[name]?.sql ?? [])]
      return name === 'oracle' ? all.map(sql => sql.replaceAll('victims', '"victims"')) : all
    }

    test('as a check', async () => {
      const source = sources.get(name) as TestSchema
      const before = await stateOf(source)
      const config = name === 'sqlite' ? { ...source.config, path: join(source.baseDir, 'data.sqlite') } : source.config
      const last = `select count(*) from ${name === 'oracle' ? '"victims"' : 'victims'}`
      // Each is made twice: the second could use what the first left behind.
      const made = async (statements: readonly string[]): Promise<CheckReport> => {
        const checks = [...statements.flatMap(sql => [sql, sql]), last].map(sql => ({ sql, expect: 2, on: 'old' }))
        const place = new Workspace()
        place.write(
          'pipeline.yaml',
          `version: 1
name: raw
sources: { old: ${JSON.stringify(config)} }
target: { type: sqlite, path: target.sqlite }
checks: ${JSON.stringify(checks.map((check, i) => ({ ...check, name: `check ${i}` })))}
entities:
  a: { from: { rows: [{ id: 1 }] }, to: { table: a, create: if_missing }, fields: { id: { value: 1, type: integer } } }
`,
        )
        return checkPipeline(await loadPipeline(place.path('pipeline.yaml')))
      }
      // What is no query is refused before anything is run; a server that minds the session says so and ends it all.
      const asked = await withDatabase(source, database =>
        Promise.all(attacks().map(async sql => ({ sql, said: await database.describe(sql).catch(error => error) }))),
      )
      const queries = asked.filter(({ said }) => !(said instanceof EtlError)).map(({ sql }) => sql)
      const others = asked.filter(({ said }) => said instanceof EtlError && said.kind !== 'connection')
      const refused = await made(others.map(({ sql }) => sql))
      expect(refused.items.filter(({ ok }) => !ok).map(({ detail }) => detail)).toEqual(
        others.flatMap(({ said }) => [1, 2].map(() => `the query cannot be run: ${said.message}`)),
      )
      expect(refused.checks).toEqual([])
      expect(await stateOf(source)).toEqual(before)

      for (const sql of queries) {
        const report = await made([sql]).catch((error: unknown) => error as EtlError)
        if (!(report instanceof EtlError))
          expect([sql, ...report.checks.map(({ state }) => state)]).toEqual([
            sql,
            expect.stringMatching(/broken|failed/),
            expect.stringMatching(/broken|failed/),
            'passed',
          ])
        expect([sql, await stateOf(source)]).toEqual([sql, before])
      }
    })

    test('as what an entity reads, and as its condition', async () => {
      const source = sources.get(name) as TestSchema
      const before = await stateOf(source)
      await withDatabase(source, async database => {
        for (const sql of attacks()) {
          await database.describe(sql).catch(() => undefined)
          const table = { table: { table: 'victims' } }
          const forms: Pick<ReadSpec, 'from' | 'where'>[] = [
            { from: { query: sql } },
            { from: table, where: sql },
            { from: table, where: `1 = 1) or (${sql}` },
            { from: table, where: `1 = 1); ${sql} -- ` },
            { from: table, where: `1 = 1); ${sql} /*` },
          ]
          for (const form of forms) {
            // One after the other in the same session, as the readers of a run do.
            const session = await database.session({ readOnly: true })
            try {
              await session.begin()
              await session.count(form).catch(() => undefined)
              await session.rollback()
              await session.begin()
              await readAll(session, form).catch(() => undefined)
              await session.commit().catch(() => undefined)
            } finally {
              await session.close()
            }
          }
          expect([sql, await stateOf(source)]).toEqual([sql, before])
        }
      })
    })
  },
)

async function readAll(session: Session, form: Pick<ReadSpec, 'from' | 'where'>): Promise<void> {
  const columns = [{ name: 'id', type: { kind: 'integer', bits: 32 }, decode: true } as const]
  const spec = { ...form, columns, order: [{ index: 0, nullable: false }], batchRows: 10, batchBytes: 1000 }
  for await (const { rows } of session.read(spec, new AbortController().signal)) rows.length = 0
}

async function stateOf(source: TestSchema): Promise<unknown> {
  return {
    rows: await source.rows('select id, name from victims order by id'),
    tables: await withDatabase(source, database => database.listTables()),
    files: ['pg-copy', 'pg-program', 'my-outfile', 'sqlite-vacuum', 'sqlite-attached', 'sqlite-written'].filter(each =>
      existsSync(file(each)),
    ),
  }
}

async function withDatabase<T>({ config, baseDir }: TestSchema, work: (database: Database) => Promise<T>): Promise<T> {
  const connector = connectorNamed(config.type) as Connector
  const database = await connector.open(config, { readOnly: true, baseDir, applicationName: 'etl test' })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
