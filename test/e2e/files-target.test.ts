import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { loadPipeline, startRun, undoRun, verifyPipeline } from '../../src/index.js'
import { countsOf, resultOf, runEtl, sqliteExec, sqliteRows, Workspace } from '../support/etl.js'

const ROWS = 25_000

const LINES: Readonly<Record<string, (n: number) => string>> = {
  csv: n => `${n},${n % 3 === 0 ? '' : n % 3 === 1 ? '""' : `"nöte ""${n}"",\n"`},${n}.50\n`,
  jsonl: n =>
    `{"n":${n},"note":${n % 3 === 0 ? 'null' : n % 3 === 1 ? '""' : `"nöte \\"${n}\\",\\n"`},"price":${n}.50}\n`,
}

function killed(type: string, to: string): Workspace {
  const place = new Workspace()
  place.source(`
    create table t (n integer primary key, note text, price decimal_text);
    with recursive i (n) as (select 1 union all select n + 1 from i where n < ${ROWS})
    insert into t select n, case n % 3 when 0 then null when 1 then '' else 'nöte "' || n || '",' || char(10) end, n || '.50' from i;
    create table small (id integer primary key);
    insert into small values (1), (2);
  `)
  place.write(
    'pipeline.yaml',
    `version: 1
name: killed
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: ${type}, path: out }
defaults: { batch_size: 2500, rest: copy }
entities:
  small: { from: small, to: small }
  t: { from: t, to: ${to}, depends_on: [small] }
`,
  )
  return place
}

test.each([
  ['csv', 't', 't.csv', 'n,note,price\n'],
  ['jsonl', 't.jsonl.gz', 't.jsonl.gz', ''],
])(
  'SQLite to %s: killed at every kind of moment and resumed, each row is in %s once',
  async (type, to, file, head) => {
    const place = killed(type, to)
    const run = (points: string, ...args: string[]) =>
      runEtl(['run', 'pipeline.yaml', '--json', ...args], { cwd: place.dir, env: { ETL_FAILPOINTS: points } })
    const kills = [
      // The second batch is on the disk and not in the ledger; one is in the ledger; the small file is whole, then named.
      'file-named:kill',
      'file-written:kill@3',
      'after-commit:kill@3',
      'before-commit:kill@4',
      'file-whole:kill',
    ]
    for (const [i, points] of kills.entries()) {
      const result = await run(points, ...(i === 0 ? [] : ['--resume']))
      expect(result.signal, `${points}: ${result.stderr}`).toBe('SIGKILL')
      expect(existsSync(place.path('out', file))).toBe(false)
    }
    expect(existsSync(place.path('out', `${file}.part`))).toBe(true)
    const last = await runEtl(['run', 'pipeline.yaml', '--json', '--resume'], { cwd: place.dir })
    expect(last.code, last.stderr).toBe(0)
    expect(countsOf(resultOf(last.stdout)).t).toBe('25000 read, 25000 written, 0 skipped, 0 filtered, 0 quarantined')
    const bytes = readFileSync(place.path('out', file))
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    expect(text).toBe(head + Array.from({ length: ROWS }, (_, n) => LINES[type]?.(n + 1)).join(''))
    expect(readdirSync(place.path('out')).toSorted()).toEqual(['.etl', `small.${type}`, file])
    expect(sqliteRows(place.path('out/.etl/ledger.sqlite'), 'select * from etl_file')).toEqual([])
  },
  60_000,
)

const SMALL = (target: string, entity: string, more = '') => `version: 1
name: small
sources: { s: { type: sqlite, path: source.sqlite } }
target: ${target}
${more}
entities:
  t: ${entity}
`

function small(target: string, entity: string, more = ''): Workspace {
  const place = new Workspace()
  place.source(
    "create table t (id integer primary key, name text); insert into t values (1, 'é'), (2, 'a;b'), (3, null)",
  )
  place.write('pipeline.yaml', SMALL(target, entity, more))
  return place
}

const COPY = '{ from: t, to: t, rest: copy }'

test('a file that is there is an error, or gives way when the new one is whole', async () => {
  const place = small('{ type: csv, path: out }', COPY)
  place.write('out/t.csv', 'mine\n')
  for (const command of ['plan', 'check', 'run']) {
    const refused = await place.etl(command, 'pipeline.yaml')
    expect(refused.code, command).toBe(command === 'check' ? 1 : 2)
    expect(refused.stdout + refused.stderr).toContain('E524')
    expect(refused.stdout + refused.stderr).toContain('t exists already: csv files in out')
  }
  expect(readFileSync(place.path('out/t.csv'), 'utf8')).toBe('mine\n')
  place.write('pipeline.yaml', SMALL('{ type: csv, path: out }', '{ from: t, to: t, rest: copy, load: replace }'))
  const asked = await place.etl('run', 'pipeline.yaml')
  expect(asked.stderr).toContain('the run empties t, which holds rows, and loads t')
  const failing = await runEtl(['run', 'pipeline.yaml', '--yes'], {
    cwd: place.dir,
    env: { ETL_FAILPOINTS: 'entity-complete:kill' },
  })
  expect(failing.signal).toBe('SIGKILL')
  const shown = readFileSync(place.path('out/t.csv'), 'utf8')
  expect(['mine\n', 'id,name\n1,é\n2,a;b\n3,\n']).toContain(shown)
  const done = await place.run('--resume')
  expect(done.code, done.stderr).toBe(0)
  expect(readFileSync(place.path('out/t.csv'), 'utf8')).toBe('id,name\n1,é\n2,a;b\n3,\n')
})

test('delimiter, quote, null, line end, encoding and header are as the target says; rows that it cannot hold fail', async () => {
  const options = `{ type: csv, path: out, delimiter: ";", quote: "'", "null": "NULL", line_end: crlf, header: false, encoding: latin1 }`
  const place = small(options, COPY)
  sqliteExec(place.path('source.sqlite'), "insert into t values (4, 'NULL'), (5, 'it''s'), (6, '€'), (7, '')")
  const run = await place.run()
  expect(run.code, run.stderr).toBe(3)
  expect(readFileSync(place.path('out/t.csv'), 'latin1')).toBe(
    ['1;é', "2;'a;b'", '3;NULL', "4;'NULL'", "5;'it''s'", '7;', ''].join('\r\n'),
  )
  expect(
    place.quarantine('small', 't').map(({ key, stage, field, code, message }) => [key, stage, field, code, message]),
  ).toEqual([
    ['6', 'constraint', 'name', 'E409', 'name of out/t.csv: the text has a character that latin1 does not have'],
  ])
  const [runId = ''] = readdirSync(place.path('.etl/small/runs'))
  const retry = await place.etl('quarantine', 'retry', 'pipeline.yaml', runId)
  expect(retry.code).toBe(2)
  expect(retry.stderr).toContain('the target is files, which each run writes anew: no rows can be added to them')
})

test('without quotes a value that would be read as another one fails', async () => {
  const place = small('{ type: csv, path: out, delimiter: ";", quote: false }', COPY)
  sqliteExec(place.path('source.sqlite'), `insert into t values (4, ''), (5, '"')`)
  const run = await place.run()
  expect(run.code, run.stderr).toBe(3)
  expect(readFileSync(place.path('out/t.csv'), 'utf8')).toBe('id;name\n1;é\n3;\n5;"\n')
  expect(place.quarantine('small', 't').map(({ key, code }) => [key, code])).toEqual([
    ['2', 'E420'],
    ['4', 'E420'],
  ])
})

test('what only a database can do is refused, all of it at once', async () => {
  const place = small(
    '{ type: jsonl, path: out }',
    `{ from: t, to: t, rest: copy, load: upsert }
  deferred: { from: t, to: deferred, rest: copy, defer: [name] }
  inside: { from: { target: true, table: t }, to: inside, rest: copy }
  refers: { from: t, to: refers, fields: { id: { from: id, ref: t } }, rest: copy }
  hooked: { from: t, to: hooked, rest: copy, hooks: { after: [select 1] } }
  again: { from: t, to: t, rest: copy }`,
    'hooks: { before: [select 1] }\non_failure: undo',
  )
  const run = await place.etl('validate', 'pipeline.yaml', '--json')
  expect(run.code, run.stderr).toBe(0)
  const plan = await place.etl('plan', 'pipeline.yaml')
  expect(plan.code).toBe(2)
  const found = plan.stderr.split('\n').flatMap(line => {
    const [, at, message] = /pipeline\.yaml:(\S+ {2}E\d+)|━ the target is files, and (.*)/.exec(line) ?? []
    return at ?? message ?? []
  })
  expect(found).toEqual([
    ...['5:19  E215', 'a hook is SQL'],
    ...['6:13  E215', 'no run is taken back from them'],
    ...['8:42  E215', '`upsert` looks for rows that are there already'],
    ...['9:50  E215', 'a second pass would change rows'],
    ...['10:13  E215', 'they are not read'],
    ...['11:65  E215', '`ref` asks it for a key'],
    ...['12:63  E215', 'a hook is SQL'],
    ...['13:25  E215', 'another entity writes t'],
  ])
  expect(existsSync(place.path('out'))).toBe(false)
})

test('two names of one file are refused before a row moves', async () => {
  const place = small('{ type: csv, path: out }', `${COPY}\n  u: { from: t, to: t.csv, rest: copy }`)
  const run = await place.run()
  expect(run.code).toBe(2)
  expect(run.stderr).toContain('t and t.csv are the same file')
})

test('an unfinished file that was cut short, or begun another way, is not gone on with', async () => {
  const place = small('{ type: csv, path: out }', '{ from: t, to: t, rest: copy, batch_size: 1 }')
  const kill = await runEtl(['run', 'pipeline.yaml'], {
    cwd: place.dir,
    env: { ETL_FAILPOINTS: 'file-written:kill@3' },
  })
  expect(kill.signal).toBe('SIGKILL')
  const part = readFileSync(place.path('out/t.csv.part'), 'utf8')
  expect(part).toBe('id,name\n1,é\n2,a;b\n')
  place.write('pipeline.yaml', SMALL('{ type: csv, path: out, delimiter: ";" }', '{ from: t, to: t, rest: copy }'))
  const other = await place.run('--resume')
  expect(other.stderr).toContain('out/t.csv.part was begun with other columns or options')
  place.write('pipeline.yaml', SMALL('{ type: csv, path: out }', '{ from: t, to: t, rest: copy }'))
  place.write('out/t.csv.part', 'id,name\n')
  const short = await place.run('--resume')
  expect(short.code).toBe(1)
  expect(short.stderr).toContain('out/t.csv.part holds less than the ledger says')
  place.write('out/t.csv.part', `${part}junk`)
  const done = await place.run('--resume')
  expect(done.code, done.stderr).toBe(0)
  expect(readFileSync(place.path('out/t.csv'), 'utf8')).toBe('id,name\n1,é\n2,a;b\n3,\n')
})

test.each([
  ['csv', '{ type: csv, path: out }', 't.csv', '3,,', '3,"",', '3'],
  [
    'csv without a header',
    `{ type: csv, path: out, header: false, delimiter: ";", quote: "'", encoding: latin1 }`,
    't.csv',
    '1;é;',
    '1;e;',
    '1',
  ],
  ['jsonl', '{ type: jsonl, path: out }', 't.jsonl', '"price":2.50', '"price":2.51', '2'],
  ['jsonl, compressed', '{ type: jsonl, path: out }', 't.jsonl.gz', '', '', ''],
])('%s: what a run wrote is read back and proved, and not taken back', async (_, target, file, from, to, id) => {
  const place = new Workspace()
  place.source(`
    create table t (id integer primary key, name text, price decimal_text, ok boolean, bin blob, at datetime, x);
    insert into t values (1, 'é', '1.50', 1, x'00ff', '2024-02-29 03:04:05.25', 5), (2, 'a;b"' || char(10), '2.50', 0, x'', null, 'x'),
      (3, null, null, null, null, null, null), (10, '', '-0.1', 1, x'61', '2024-02-29 00:00:00', 1.5)`)
  const table = file.endsWith('.gz') ? file : 't'
  place.write('pipeline.yaml', SMALL(target, `{ from: t, to: ${table}, rest: copy }`))
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  await expect(startRun(pipeline, { undoOnFailure: true })).rejects.toMatchObject({ code: 'E536' })
  expect(existsSync(place.path('out', file))).toBe(false)
  const run = await (await startRun(pipeline, { verify: 'full' })).result
  expect([run.status, run.verification?.state], run.error?.message).toEqual(['ok', 'verified'])
  expect(run.verification?.entities[0]).toMatchObject({
    counts: { source: 4, read: 4, inserted: 4, before: 0, target: 4, problems: [] },
    rows: { expected: 4, equal: 4, different: 0, missing: 0, extra: 0 },
    notVerifiable: [],
  })
  await expect(undoRun(pipeline, { run: 'last' })).rejects.toMatchObject({
    code: 'E536',
    message: 'the target is files, which no run is taken back from',
  })
  if (from === '') return
  const text = readFileSync(place.path('out', file), 'latin1')
  expect(text).toContain(from)
  writeFileSync(place.path('out', file), text.replace(from, to), 'latin1')
  const changed = await verifyPipeline(pipeline)
  expect(changed.state).toBe('mismatch')
  expect(changed.entities[0]?.differences.map(({ kind, key, fields = [] }) => [kind, key, fields.length])).toEqual([
    ['different', { id }, 1],
  ])
  writeFileSync(place.path('out', file), text.split('\n').slice(0, -2).join('\n'), 'latin1')
  const cut = await verifyPipeline(pipeline)
  expect(cut.entities[0]).toMatchObject({
    state: 'mismatch',
    rows: { missing: 1 },
    counts: { problems: ['t holds 3 rows, 0 before and 4 inserted make 4'] },
  })
})
