import { afterAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import { type Inspection, inspectUrl } from '../../src/index.js'
import { inspectDatabase } from '../../src/inspect/inspect.js'
import { database as mysql } from '../databases/mysql.js'
import { database as oracle } from '../databases/oracle.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, sqliteExec, Workspace } from '../support/etl.js'
import { FITNESS } from '../unit/inspect/fitness.js'

const servers: TestSchema[] = []
afterAll(async () => {
  for (const server of servers) await server.drop()
})

/** Without its schema. */
function last(name: string): string {
  return name.split('.').at(-1) ?? ''
}

/** What is wrong in the fitness database, whichever engine holds it. */
function wrong({ tables, alike, references }: Inspection) {
  return {
    duplicates: tables.flatMap(({ name, duplicates }) =>
      duplicates.map(({ columns, groups, rows, examples }) => [name, columns, groups, rows, examples]),
    ),
    alike: alike.map(({ tables, shared }) => [tables.map(last), shared]),
    references: references
      .filter(({ orphans, missing }) => orphans + missing > 0)
      .map(({ table, columns, to, declared, orphans, examples, missing }) => ({
        link: `${last(table)}.${columns.join()} ${last(to)}`,
        declared,
        orphans,
        examples: examples.map(values => values.map(String)),
        missing,
      })),
    dates: tables.flatMap(({ name, columns }) =>
      columns.flatMap(({ name: column, dates }) =>
        dates !== undefined && dates.formats.length > 1
          ? [`${last(name)}.${column}: ${dates.formats.map(({ format, rows }) => `${format} ${rows}`).join(', ')}`]
          : [],
      ),
    ),
  }
}

const EXPECTED = {
  duplicates: [[expect.stringMatching(/trainers$/), ['email'], 1, 2, [{ values: ['kim@gym.kr'], rows: 2 }]]],
  alike: [
    [
      ['payment_records', 'payments'],
      ['id', 'client_id', 'amount', 'paid_at'],
    ],
    [
      ['sessions', 'training_sessions'],
      ['id', 'client_id', 'duration', 'notes', 'session_date ~ session_dt'],
    ],
  ],
  references: [
    { link: 'sessions.trainer_id trainers', declared: true, orphans: 0, examples: [], missing: 1 },
    { link: 'clients.trainer_id trainers', declared: false, orphans: 1, examples: [['99']], missing: 1 },
    { link: 'sessions.client_id clients', declared: false, orphans: 1, examples: [['77']], missing: 0 },
  ],
  dates: ['clients.birth_date: YYYY-MM-DD 3, DD.MM.YYYY 1', 'trainers.created_at: YYYY-MM-DD hh:mm:ss 4, YYYY/MM/DD 1'],
}

describe('etl inspect', () => {
  const place = new Workspace()
  sqliteExec(place.path('fitness.sqlite'), FITNESS)
  place.write(
    'pipeline.yaml',
    `version: 1
name: fitness
sources: { studio: { type: sqlite, path: fitness.sqlite }, files: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  trainers: { from: { source: studio, table: trainers }, to: { table: t, create: if_missing }, fields: { id: id } }
  extra: { from: { source: files, file: extra.csv }, to: { table: x, create: if_missing }, fields: { id: { from: id, type: int32 } } }
`,
  )
  place.write('extra.csv', 'id,email,born\n1,a@b.c,2024-01-31\n2,A@B.C,2024-02-01\n3,,31/12/2023\n')

  test('SQLite: keys, sizes, duplicates, tables that look alike, orphans, dates, nulls, values', async () => {
    const found = await inspectUrl(place.path('fitness.sqlite'))
    expect(wrong(found)).toEqual(EXPECTED)
    expect(found.tables.map(({ name, rows, primaryKey }) => [name, rows, primaryKey])).toEqual([
      ['clients', 5, ['id']],
      ['fee_audit_log', 0, ['id']],
      ['payment_records', 1, ['id']],
      ['payments', 2, ['id']],
      ['sessions', 4, ['id']],
      ['trainers', 5, ['id']],
      ['training_sessions', 2, ['id']],
    ])
    expect(found.tables.every(({ bytes }) => (bytes ?? 0) >= 4096)).toBe(true)
    const trainers = found.tables.find(({ name }) => name === 'trainers')
    expect(trainers?.uniques).toEqual([['username']])
    expect(trainers?.columns.find(({ name }) => name === 'active')).toEqual({
      name: 'active',
      type: 'varchar(1)',
      nullable: true,
      nulls: 0,
      distinct: 2,
      min: 'N',
      max: 'Y',
      values: [
        { value: 'Y', rows: 4 },
        { value: 'N', rows: 1 },
      ],
    })
    expect(trainers?.columns.find(({ name }) => name === 'email')).toMatchObject({ nulls: 1, distinct: 4 })
  })

  test.each([postgres, mysql])(
    '$name finds the same',
    async server => {
      const schema = await server.create('inspect')
      servers.push(schema)
      for (const statement of FITNESS.split(';\n').filter(text => text.trim() !== '')) await schema.exec(statement)
      const found = await inspectUrl(String(schema.config.url))
      expect(wrong(found)).toEqual(EXPECTED)
      expect(found.tables.every(({ bytes }) => (bytes ?? 0) > 0)).toBe(true)
    },
    60_000,
  )

  test('Oracle: what it calls nothing is null, and names are as it stores them', async () => {
    const schema = await oracle.create('inspect')
    servers.push(schema)
    await schema.exec('create table "TRAINER" ("ID" number(10) primary key, "EMAIL" varchar2(80), "BIO" clob)')
    await schema.exec('create table "LESSON" ("ID" number(10) primary key, "TRAINER_ID" number(10), "HELD" date)')
    for (const [id, email] of [
      [1, 'a@b.c'],
      [2, 'A@b.c'],
      [3, 'x@y.z'],
    ])
      await schema.exec(`insert into "TRAINER" values (${id}, '${email}', 'text')`)
    await schema.exec(`insert into "LESSON" values (1, 1, date '2024-05-01')`)
    await schema.exec(`insert into "LESSON" values (2, 9, date '2024-05-02')`)
    const connector = connectorNamed('oracle')
    const database = await connector?.open(schema.config, {
      readOnly: true,
      baseDir: place.dir,
      applicationName: 'test',
    })
    if (database === undefined) throw new Error('no connector')
    try {
      const { tables, references } = await inspectDatabase(database)
      const trainer = tables.find(({ name }) => name.endsWith('TRAINER'))
      expect(trainer?.duplicates).toMatchObject([{ columns: ['EMAIL'], groups: 1, rows: 2 }])
      expect(trainer?.columns.map(({ name, nulls, distinct }) => [name, nulls, distinct])).toEqual([
        ['ID', 0, 3],
        ['EMAIL', 0, 3],
        ['BIO', 0, expect.anything()],
      ])
      expect(references).toMatchObject([{ columns: ['TRAINER_ID'], declared: false, orphans: 1, missing: 0 }])
    } finally {
      await database.close()
    }
  }, 60_000)

  test('a table that is too large is sampled, and that is said', async () => {
    sqliteExec(
      place.path('large.sqlite'),
      `create table parent (id integer primary key);
      create table child (id integer primary key, parent_id integer, email text);
      insert into child with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
        select i, i, iif(i = 2, 'u1', 'u' || i) from n;
      analyze`,
    )
    const found = await inspectUrl(place.path('large.sqlite'), { sampleOver: 1000, sampleRows: 50 })
    const child = found.tables.find(({ name }) => name === 'child')
    expect(child).toMatchObject({
      rows: 3000,
      sampled: 50,
      duplicates: [{ columns: ['email'], groups: 1, rows: 2 }],
      columns: [{ name: 'id', min: 1, max: 50, distinct: 50 }, { name: 'parent_id' }, { name: 'email', distinct: 49 }],
    })
    expect(found.notes).toEqual(['child.parent_id → parent.id: not followed, because a table is too large'])
  })

  test('the command line: a source of the pipeline, files that it reads, an address, JSON, what is not there', async () => {
    const etl = (...args: string[]) => runEtl(['inspect', ...args], { cwd: place.dir })
    const studio = await etl('studio', '--table', 'trainers')
    expect(studio.code, studio.stderr).toBe(0)
    expect(studio.stdout).toBe(` sqlite ${studio.stdout.split(' ')[2]} fitness.sqlite  1 table, 5 rows, 8.2 kB

   TABLE     ROWS    SIZE  COLUMNS  KEY
   trainers     5  8.2 kB        7  id

 ⚠ trainers.email: 2 rows share 1 value (case aside)
     kim@gym.kr × 2
 ⚠ trainers.created_at: dates are written in different ways
     YYYY-MM-DD hh:mm:ss × 4, YYYY/MM/DD × 1

 trainers  5 rows
   COLUMN         TYPE                  NULLS  DIFFERENT  VALUES
   id             INTEGER not null          ·          5  1 … 5
   username       varchar(40) not null      ·          5  choi … park
   name           varchar(40)               ·          5  김민수 … 최유진
   email          varchar(80)            20 %          4  Kim@gym.kr … lee@gym.kr
   password_hash  varchar(80)               ·          5  $2b$1 … $2b$5
   created_at     varchar(40)               ·          5  2024-01-05 09:00:00 … 2024/02/07; dates YYYY-MM-DD hh:mm:ss × 4, YYYY/MM/DD × 1
   active         varchar(1)                ·          2  Y × 4, N × 1
   unique: username
`)
    const files = await etl('files', '--json')
    expect(JSON.parse(files.stdout)).toMatchObject({
      source: 'csv files',
      tables: [
        {
          name: 'extra.csv',
          rows: 3,
          bytes: 66,
          primaryKey: [],
          columns: [
            { name: 'id', distinct: 3 },
            { name: 'email', nulls: 1 },
            {
              name: 'born',
              dates: {
                of: 3,
                formats: [
                  { format: 'YYYY-MM-DD', rows: 2 },
                  { format: 'DD/MM/YYYY', rows: 1 },
                ],
              },
            },
          ],
          duplicates: [{ columns: ['email'], ignoringCase: true, groups: 1, rows: 2 }],
        },
      ],
    })
    const url = await etl('--url', 'extra.csv')
    expect(url.stdout).toContain(' csv files  1 table, 3 rows, 66 B\n')
    const wrongName = await etl('studo')
    expect([wrongName.code, wrongName.stderr]).toEqual([2, expect.stringContaining('did you mean studio?')])
    const secret = await etl('--url', 'postgres://me:TOPSECRET@127.0.0.1:1/none', '--json')
    expect(secret.code).toBe(5)
    expect(secret.stdout + secret.stderr).not.toContain('TOPSECRET')
  }, 60_000)
})
