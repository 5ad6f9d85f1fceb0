import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, startEtl, Workspace } from '../support/etl.js'

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

const PEOPLE = `
version: 1
name: people
sources:
  exports: { type: csv }
target: { type: sqlite, path: target.sqlite }
entities:
  people:
    from: { file: data/people.csv }
    to: people
    KEY
    fields:
      id: id
      name: { from: name, apply: [trim] }
      born: born
      salary: salary
      boss_id: boss
      line: $row
`

const PEOPLE_TABLE = `create table people (
  id integer primary key, name text not null unique, born date, salary decimal(10,2),
  boss_id integer references people (id), line integer);`

test('csv to SQLite: values, the number of the row, and every kind of row that fails', async () => {
  const place = new Workspace()
  place.target(PEOPLE_TABLE)
  place.write('pipeline.yaml', PEOPLE.replace('KEY', 'defer: [boss_id]'))
  const rows = [
    '\ufeffid,name,born,salary,boss',
    '1,"Ada ""A"" Lovelace",1815-12-10,12345678.90,3',
    '2,too,many,values,here,!',
    '3," Zoë\r\n",,0.10,',
    '4,Kim,not a date,1,1',
    '5,Zoë,,1,1',
    '6,,2000-01-01,1,1',
    '7,Bo,2024-02-29,"",1',
    '',
    '8,Cy,2024-02-29,-1,9',
    '9,Di,,,',
  ]
  place.write('data/people.csv', rows.join('\r\n'))
  const run = await place.run('--json')
  expect(run.code, run.stderr).toBe(3)
  expect(place.rows('select * from people order by id')).toEqual([
    [1, 'Ada "A" Lovelace', '1815-12-10', 12345678.9, 3, 1],
    [3, 'Zoë', null, 0.1, null, 3],
    [8, 'Cy', '2024-02-29', -1, 9, 8],
    [9, 'Di', null, null, null, 9],
  ])
  expect(countsOf(resultOf(run.stdout))).toEqual({
    people: '9 read, 4 written, 0 skipped, 0 filtered, 5 quarantined',
  })
  const found = place.quarantine('people', 'people').map(({ key, stage, field, code, message, values }) => {
    return { key, stage, field, code, message, values }
  })
  expect(found.toSorted((a, b) => Number(a.key) - Number(b.key))).toEqual([
    {
      key: '2',
      stage: 'read',
      code: 'E423',
      message: 'the row has 6 values where the file has 5 columns',
      values: { $byte: 78, $text: '2,too,many,values,here,!' },
    },
    {
      key: '4',
      stage: 'cast',
      field: 'born',
      code: 'E406',
      message: 'the text is not a date',
      values: { id: '4', name: 'Kim', born: 'not a date', salary: '1', $row: 4 },
    },
    {
      key: '5',
      stage: 'constraint',
      field: 'name',
      code: 'E417',
      message: 'another row of people has the same value (name)',
      values: { id: '5', name: 'Zoë', born: null, salary: '1', $row: 5 },
    },
    {
      key: '6',
      stage: 'required',
      field: 'name',
      code: 'E401',
      message: 'required value is missing',
      values: { id: '6', name: null, born: '2000-01-01', salary: '1', $row: 6 },
    },
    {
      key: '7',
      stage: 'cast',
      field: 'salary',
      code: 'E402',
      message: expect.stringContaining('the text is not a number'),
      values: { id: '7', name: 'Bo', born: '2024-02-29', salary: '', $row: 7 },
    },
  ])
})

test('a key of the file names the rows, and need not be unique in it', async () => {
  const place = new Workspace()
  place.target('create table t (id text, n integer)')
  place.write('data/a.csv', 'ID,N\na,1\na,x\n,3\na,4\n')
  place.write(
    'pipeline.yaml',
    `version: 1
name: keyed
sources: { f: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: data/a.csv, to: t, key: ID, rest: copy }
`,
  )
  const run = await place.run()
  expect(run.code, run.stderr).toBe(3)
  expect(place.rows('select * from t')).toEqual([
    ['a', 1],
    ['a', 4],
  ])
  const rejects = place.quarantine('keyed', 't').map(({ key, code, row }) => [row, key, code])
  expect(rejects).toEqual([
    [2, 'a', 'E402'],
    [3, undefined, 'E422'],
  ])
})

test('the number of the row is there for fields and rules, and is not copied', async () => {
  const place = new Workspace()
  place.write('data/a.csv', 'ID,N,X\na,1,x\nb,2,x\nc,3,x\n')
  place.write(
    'pipeline.yaml',
    `version: 1
name: numbered
sources: { f: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  t:
    from: { file: data/a.csv, columns: [ID, N] }
    to: { table: t, create: if_missing }
    let: { odd: { "%": [{ var: $row }, 2] } }
    filter: { "==": [{ var: odd }, 1] }
    rest: copy
  lines:
    from: data/a.csv
    to: { table: lines, create: if_missing }
    filter: { ">": [{ var: $row }, 1] }
    rest: ignore
    fields: { line: { from: $row }, id: ID }
`,
  )
  const dry = await place.etl('run', 'pipeline.yaml', '--dry-run')
  expect(dry.code, dry.stderr).toBe(0)
  expect(dry.stdout).toContain('data/a.csv → t')
  const run = await place.run()
  expect(run.code, run.stderr).toBe(0)
  expect(place.rows('select * from t')).toEqual([
    ['a', '1'],
    ['c', '3'],
  ])
  expect(place.rows('select * from lines')).toEqual([
    [2, 'b'],
    [3, 'c'],
  ])
})

test('jsonl to SQLite: exact numbers, nested text, and lines that are no rows', async () => {
  const place = new Workspace()
  place.write(
    'pipeline.yaml',
    `version: 1
name: events
sources: { events: { type: jsonl } }
target: { type: sqlite, path: target.sqlite }
entities:
  events:
    from: { file: events.jsonl.gz }
    to: { table: events, create: if_missing }
    key: id
    filter: { "!=": [{ var: kind }, test] }
    fields:
      id: { from: id, type: text, required: true }
      amount: { from: amount, type: text }
      cents: { from: amount, type: "decimal(12,2)", on_lossy: truncate }
      ok: { from: ok, type: boolean }
      tags: { from: tags, type: json }
      line: { from: $row, type: int32 }
`,
  )
  const lines = [
    '{"id":18446744073709551615,"amount":1234567890.12345678901234567890,"ok":true,"tags":[1.10,{"a":null}],"kind":"x"}',
    '',
    '{"id":2,"amount":125e-3,"kind":"x"}',
    '{"id":3,"kind":"test"}',
    '{"id":4,"kind":}',
    '{"id":5,"amount":"6.5","ok":"f","tags":"[]"}',
  ]
  writeFileSync(place.path('events.jsonl.gz'), gzipSync(lines.join('\n')))
  const run = await place.run('--json')
  expect(run.code, run.stderr).toBe(3)
  expect(countsOf(resultOf(run.stdout))).toEqual({
    events: '5 read, 3 written, 0 skipped, 1 filtered, 1 quarantined',
  })
  expect(place.rows('select * from events order by line')).toEqual([
    ['18446744073709551615', '1234567890.12345678901234567890', 1234567890.12, 1, '[1.10,{"a":null}]', 1],
    ['2', '125e-3', 0.12, null, null, 3],
    ['5', '6.5', 6.5, 0, '[]', 6],
  ])
  expect(place.quarantine('events', 'events').map(({ code, message, values }) => ({ code, message, values }))).toEqual([
    { code: 'E423', message: 'the line is not valid JSON', values: { $byte: 175, $text: '{"id":4,"kind":}' } },
  ])
})

/** Resolves when the run has committed so many batches, or has ended. */
function committed(run: ReturnType<typeof startEtl>, batches: number): Promise<unknown> {
  let seen = 0
  const reached = new Promise<void>(resolve => {
    run.child.stdout?.on('data', (text: string) => {
      seen += text.split('"type":"batch"').length - 1
      if (seen >= batches) resolve()
    })
  })
  return Promise.race([reached, run.result])
}

const ROWS = 60_000
const LOCKS = `select l.objid from pg_locks l join pg_database d on d.oid = l.database
  where l.locktype = 'advisory' and d.datname = current_database()`

test.each(['rows.csv', 'rows.csv.gz'])(
  '%s to PostgreSQL: kill -9 and --resume lose and double nothing',
  async name => {
    const server = await postgres.create('files')
    servers.push(server)
    await server.exec('create table t (n integer not null, note text, even boolean unique)')
    const place = new Workspace()
    // Every 9,000th row is malformed; the second and third even ones are refused by the target.
    const line = (n: number): string =>
      n % 9000 === 0 ? `${n}\n` : `${n},"nöte ""${n}""\n",${n > ROWS - 3 ? 'true' : ''}\n`
    const text = `n,note,even\n${Array.from({ length: ROWS }, (_, i) => line(i + 1)).join('')}`
    writeFileSync(place.path(name), name.endsWith('.gz') ? gzipSync(text) : text)
    place.write(
      'pipeline.yaml',
      `version: 1
name: killed
sources: { f: { type: csv } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities:
  t: { from: { file: ${name} }, to: t, batch_size: 1000, rest: copy }
`,
    )
    const env = { DATABASE_URL: String(server.config.url) }
    const start = (...args: string[]) =>
      startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: place.dir, env })
    for (const batches of [3, 1, 20]) {
      const run = start(...(batches === 3 ? [] : ['--resume']))
      await committed(run, batches)
      run.child.kill('SIGKILL')
      expect((await run.result).signal).toBe('SIGKILL')
      // Until the server has noticed that the process is gone, its lock stands.
      await expect.poll(() => server.rows(LOCKS), { timeout: 10_000 }).toEqual([])
    }
    const run = await start('--resume').result
    expect(run.code, run.stderr).toBe(3)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      t: '60000 read, 59992 written, 0 skipped, 0 filtered, 8 quarantined',
    })
    const expected = Array.from({ length: ROWS }, (_, i) => i + 1).filter(n => n % 9000 !== 0 && n < ROWS - 1)
    const found = await server.rows('select n, note from t order by n')
    expect(found.length).toBe(expected.length)
    expect(found.every(([n, note], i) => Number(n) === expected[i] && note === `nöte "${n}"\n`)).toBe(true)
    const rejects = place
      .quarantine('killed', 't')
      .map(({ key, code, values }) => [key, code, values?.n ?? values?.$text])
    expect(rejects.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      ...[9000, 18_000, 27_000, 36_000, 45_000, 54_000].map(n => [String(n), 'E423', String(n)]),
      [String(ROWS - 1), 'E417', String(ROWS - 1)],
      [String(ROWS), 'E417', String(ROWS)],
    ])
  },
  120_000,
)

test('a file that changed since is not gone on with', async () => {
  const place = new Workspace()
  place.target('create table t (a text)')
  place.write('a.csv', 'a\n1\n2\n3\n"x')
  const pipeline = `version: 1
name: changed
sources: { f: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: { file: a.csv }, to: t, rest: copy }
`
  place.write('pipeline.yaml', pipeline)
  const first = await place.run()
  expect(first.code).toBe(1)
  expect(first.stderr).toContain('E523')
  expect(first.stderr).toContain('a.csv: a quote is never closed (row 4, byte 8)')
  expect(place.rows('select a from t')).toEqual([['1'], ['2'], ['3']])
  place.write('a.csv', 'a\n1\n2\n3\nx\n')
  const second = await place.run('--resume')
  expect(second.code).toBe(2)
  expect(second.stderr).toMatch(
    /E506[\s\S]*source\.f\.table\.a\.csv\.version: "10 bytes, changed .*" → "10 bytes, changed /,
  )
  const third = await place.run('--resume', '--accept-changes')
  expect(third.code, third.stderr).toBe(0)
  expect(place.rows('select a from t')).toEqual([['1'], ['2'], ['3'], ['x']])
})

const AS_IT_IS = 'a.csv is a file, which is read as it is, in its own order'

test.each([
  ['{ file: none.csv }', '', '9:5', 'E001', 'none.csv does not exist'],
  ['{ file: ../a.csv }', '', '9:5', 'E013', '../a.csv lies outside the folder of the pipeline'],
  ['{ file: bad.csv }', '', '9:5', 'E409', 'bad.csv is not valid utf8 text at byte 3 (row 1)'],
  ['{ file: empty.csv }', '', '9:5', 'E523', 'empty.csv: the file has no header'],
  ['{ file: a.csv }', 'where: "1 = 1"', '12:12', 'E215', AS_IT_IS],
  ['{ file: a.csv }', 'order_by: a', '12:15', 'E215', AS_IT_IS],
  ['{ file: a.csv }', 'key: b', '12:10', 'E207', 'a.csv has no column b'],
  ['{ file: a.csv, table: x }', '', '9:13', 'E215', '`table` and `file`'],
  ['{ file: a.csv, schema: x }', '', '9:26', 'E215', '`file` and `schema`'],
  ['{ query: select 1 }', 'key: a', '9:5', 'E308', 'the query cannot be run: files answer no queries'],
])('from: %s with %s is refused', async (from, more, at, code, message) => {
  const place = new Workspace()
  place.target('create table t (a text)')
  place.write('a.csv', 'a\n1\n')
  place.write('empty.csv', '')
  writeFileSync(place.path('bad.csv'), Buffer.from([0x61, 0x2c, 0x62, 0xff, 0x0a]))
  place.write(
    'pipeline.yaml',
    `version: 1
name: refused
sources:
  f: { type: csv }
target: { type: sqlite, path: target.sqlite }
entities:
  t:
    # The place of what is refused.
    from: ${from}
    to: t
    rest: copy
    ${more}
`,
  )
  const run = await place.run()
  expect(run.stderr).toContain(` pipeline.yaml:${at}  ${code} `)
  expect(run.stderr).toContain(message)
  expect(run.stderr).toContain(' 1 problem\n')
  expect(run.code).toBe(2)
  expect(place.rows('select count(*) from t')).toEqual([[0]])
})

test('a look-up and a hook need a database', async () => {
  const place = new Workspace()
  place.target('create table t (a text)')
  place.write('a.csv', 'a,b\n1,2\n')
  const pipeline = (more: string) => `version: 1
name: refused
sources: { f: { type: csv } }
target: { type: sqlite, path: target.sqlite }
${more}
entities:
  t: { from: { file: a.csv }, to: t, fields: { a: { from: a, LOOKUP } } }
`
  place.write(
    'pipeline.yaml',
    pipeline('lookups: { l: { in: f, table: a.csv, key: a, value: b } }').replace('LOOKUP', 'lookup: l'),
  )
  const lookup = await place.run()
  expect(lookup.code).toBe(2)
  expect(lookup.stderr).toContain('f is files, and a look-up asks a database')
  place.write(
    'pipeline.yaml',
    pipeline('hooks: { before: [{ on: f, sql: select 1 }] }').replace('LOOKUP', 'type: text'),
  )
  const hook = await place.run()
  expect(hook.code).not.toBe(0)
  expect(hook.stderr).toContain('files')
  expect(place.rows('select count(*) from t')).toEqual([[0]])
})
