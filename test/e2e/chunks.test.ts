import { availableParallelism } from 'node:os'
import Driver from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, startEtl, Workspace } from '../support/etl.js'

const ROWS = 30_000
const place = new Workspace()
let target: TestSchema

/** Keys with gaps and negative numbers, texts whose order is not that of numbers, and a composite key. */
beforeAll(async () => {
  target = await database.create('chunks')
  const source = new Driver(place.path('source.sqlite'))
  source.exec(`
    create table NUMBERED (ID integer primary key, NOTE text);
    create table NAMED (NAME text not null primary key, NOTE text) without rowid;
    create table PAIRED (A text not null, B integer not null, NOTE text, primary key (A, B)) without rowid;
    create table EMPTY (ID integer primary key, NOTE text);
    create table SINGLE (ID integer primary key, NOTE text);
    insert into SINGLE values (-9223372036854775808, 'the smallest');
    begin;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into NUMBERED select case when i % 2 = 0 then -i * 1000 else i * i * 10 end, 'row ' || i from n;
    insert into NUMBERED values (9223372036854775807, 'the largest'), (-9223372036854775808, 'the smallest');
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into NAMED select char(97 + i % 26) || i || char(228 + i % 20), 'row ' || i from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into PAIRED select 'group ' || (i % 7), i, 'row ' || i from n;
    commit`)
  source.close()
  await target.exec(`
    create table numbered (id bigint not null, note text); create table named (name text not null, note text);
    create table paired (a text not null, b bigint not null, note text); create table empty (id bigint not null, note text);
    create table single (id bigint not null, note text)`)
})
afterAll(() => target.drop())

function pipeline(name: string, chunks: string): string {
  return `
version: 1
name: ${name}
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
defaults: { batch_size: 500 }
entities:
  numbered: { from: NUMBERED, to: numbered, chunks: ${chunks}, fields: { id: ID, note: NOTE } }
  named: { from: NAMED, to: named, chunks: ${chunks}, fields: { name: NAME, note: NOTE } }
  paired: { from: PAIRED, to: paired, chunks: ${chunks}, fields: { a: A, b: B, note: NOTE } }
  empty: { from: EMPTY, to: empty, chunks: ${chunks}, fields: { id: ID, note: NOTE } }
  single: { from: SINGLE, to: single, chunks: ${chunks}, fields: { id: ID, note: NOTE } }
`
}

const counts = `select (select count(*) from numbered), (select count(distinct (id, note)) from numbered), (select count(*) from named),
  (select count(distinct (name, note)) from named), (select count(*) from paired), (select count(distinct (a, b, note)) from paired),
  (select count(*) from empty), (select count(*) from single)`
const whole = [ROWS + 2, ROWS + 2, ROWS, ROWS, ROWS, ROWS, 0, 1].map(String)

async function begin(name: string, chunks: string): Promise<{ cwd: string; env: Record<string, string> }> {
  await target.exec('truncate numbered, named, paired, empty, single')
  place.write('pipeline.yaml', pipeline(name, chunks))
  return { cwd: place.dir, env: { DATABASE_URL: String(target.config.url) } }
}

describe.each([
  ['one', '1', ['1', '1', '1', '1', '1']],
  ['seven', '7', ['7', '7', '7', '1', '1']],
  ['by-rows', '{ rows: 10000 }', ['4', '3', '3', '1', '1']],
])('%s', (name, chunks, planned) => {
  test('every row once, whatever the key', { timeout: 60_000 }, async () => {
    const options = await begin(`chunks-${name}`, chunks)
    const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--concurrency', '3'], options)
    expect(run.code, run.stderr).toBe(0)
    expect(await target.rows(counts)).toEqual([whole])
    const runId = `(select run_id from etl_run where pipeline = 'chunks-${name}')`
    expect(
      await target.rows(
        `select count(*) from etl_chunk where pass = 'load' and run_id = ${runId} group by entity
         order by array_position(array['numbered', 'named', 'paired', 'empty', 'single'], entity::text)`,
      ),
    ).toEqual(planned.map(count => [count]))
    expect(await target.rows(`select count(*) from etl_chunk where state <> 'done' and run_id = ${runId}`)).toEqual([
      ['0'],
    ])
  })
})

test('killed again and again, the chunks resume each from its own place', { timeout: 120_000 }, async () => {
  const options = await begin('chunks-killed', '5')
  let resume = false
  for (let kill = 1; ; kill++) {
    const run = startEtl(
      ['run', 'pipeline.yaml', '--yes', '--json', '--concurrency', '3', ...(resume ? ['--resume'] : [])],
      options,
    )
    let batches = 0
    run.child.stdout?.on('data', (text: string) => {
      batches += text.split('"type":"batch"').length - 1
      if (kill <= 6 && batches >= 3 * kill) run.child.kill('SIGKILL')
    })
    const { signal, code, stderr } = await run.result
    if (signal === 'SIGKILL') resume = true
    else if (stderr.startsWith('✖ E503')) continue
    else {
      expect(code, stderr).toBe(0)
      break
    }
  }
  expect(resume).toBe(true)
  expect(await target.rows(counts)).toEqual([whole])
})

/** What a split would show in the target, or break, is split only where the file says so. */
const UNASKED: Readonly<Record<string, { readonly table: string; readonly more?: string; readonly split: boolean }>> = {
  keyed: { table: 'id bigint primary key, code text, parent bigint', split: true },
  heap: { table: 'id bigint, code text, parent bigint', split: true },
  merged: { table: 'id bigint primary key, code text, parent bigint', more: 'load: upsert,', split: true },
  merged_by_code: {
    table: 'id bigint, code text not null unique, parent bigint',
    more: 'load: upsert, match: code,',
    split: false,
  },
  unique_code: { table: 'id bigint primary key, code text unique, parent bigint', split: false },
  numbered_here: { table: 'no bigserial primary key, id bigint, code text, parent bigint', split: false },
  tree: { table: 'id bigint primary key, code text, parent bigint references tree', split: false },
}

test('a large table is split unasked where the order of its rows cannot be seen in the target', async () => {
  const own = new Workspace()
  // The estimate is what counts, and small files are not estimated.
  own.source(`create table ITEM (ID integer primary key, CODE text not null, PARENT integer);
    insert into ITEM with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) select i, 'c' || i, max(1, i / 2) from n;
    analyze; update sqlite_stat1 set stat = '200000'; create table PAD as select zeroblob(33 << 20)`)
  const entities = Object.entries(UNASKED)
  await target.exec(entities.map(([name, { table }]) => `create table ${name} (${table});`).join(''))
  own.write(
    'pipeline.yaml',
    `
version: 1
name: unasked
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities:
${entities.map(([name, { more = '' }]) => `  ${name}: { from: ITEM, to: ${name}, ${more} fields: { id: ID, code: CODE, parent: PARENT } }`).join('\n')}
`,
  )
  const options = { cwd: own.dir, env: { DATABASE_URL: String(target.config.url) } }
  const run = await runEtl(['run', 'pipeline.yaml', '--yes'], options)
  expect(run.code, run.stderr).toBe(0)
  const found = await target.rows(
    `select entity, count(*) from etl_chunk where pass = 'load' and run_id = (select run_id from etl_run where pipeline = 'unasked') group by 1`,
  )
  const cores = availableParallelism()
  const parts = Math.min(4, cores, Math.max(2, Math.floor(cores / 2)))
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(entities.map(([name, { split }]) => [name, String(split ? parts : 1)])),
  )
  for (const [name] of entities)
    expect(await target.rows(`select count(*), count(distinct (id, code, parent)) from ${name}`), name).toEqual([
      ['2000', '2000'],
    ])
})
