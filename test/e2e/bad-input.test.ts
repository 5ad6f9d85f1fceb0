import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { CLI, countsOf, type EtlResult, resultOf, runEtl, startProcess, Workspace } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'
import { CANARY, ENTITY, expectTold, place, SQLITE_TARGET, untouched } from './behaviours/refusal.js'

let server: TestSchema
beforeAll(async () => {
  server = await postgres.create('bad')
})
afterAll(() => server.drop())

describe('files', () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
    .split('')
    .map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[i]}`).join(', ')}]`)
    .join('\n')}\n`
  const good = pipeline(ENTITY)
  test.each<[string, string | Buffer | undefined, string]>([
    ['missing', undefined, 'E001 file not found'],
    ['empty', '', 'E002 file is empty'],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 255, 254]), 'E003 file is not text'],
    ['no YAML', `${good}\n  x: [`, 'E004 YAML syntax'],
    ['two documents', `${good}---\n${good}`, 'E005 more than one document'],
    ['duplicate keys', `${good}name: q\n`, 'E006 duplicate key'],
    ['an alias bomb', `${bomb}${good}`, 'E007 too many aliases'],
    ['10,000 levels', `${good}x: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`, 'E008 nested too deep'],
  ])('%s', async (_name, text, told) => {
    const at = place()
    if (text === undefined) at.write('other.yaml', '')
    else writeFileSync(at.path('other.yaml'), text)
    const started = Date.now()
    const run = await at.etl('run', text === undefined ? 'nowhere.yaml' : 'other.yaml', '--yes')
    expectTold(run, 2, new RegExp(`  ${told}\n`))
    expect(Date.now() - started).toBeLessThan(10_000)
    untouched(at)
  })

  test('eight mistakes: eight diagnostics with their places, exit 2, no connection', async () => {
    const at = new Workspace()
    // Nothing listens there and no file is there: a connection would be told.
    at.write(
      'pipeline.yaml',
      `version: 1
name: p
sources:
  old: { type: sqlite, path: nowhere.sqlite }
target: { type: postgres, url: "postgres://u:${CANARY}@127.0.0.1:1/d" }
entities:
  a:
    from: A
    to: a
    load: upsrt
    fields:
      x: { from: X, apply: [trimm] }
      y: { from: Y, map: colours }
      z: { from: Z, ref: bb }
      w: { from: W, type: strnig }
      v: { from: V, lookup: nothing }
      u: { form: U }
  b:
    from: { source: new, table: B }
    to: b
    rest: copy
`,
    )
    const run = await at.etl('run', 'pipeline.yaml', '--yes')
    const places = [...run.stderr.matchAll(/^ pipeline\.yaml:(\d+):(\d+) {2}(E\d{3}) /gm)].map(m =>
      m.slice(1).join(':'),
    )
    expect(places).toEqual([
      '10:11:E103',
      '12:29:E205',
      '13:26:E203',
      '14:26:E201',
      '15:27:E216',
      '16:29:E204',
      '17:12:E101',
      '19:21:E202',
    ])
    expectTold(run, 2, /\n 8 problems\n$/)
    expect(existsSync(at.path('.etl'))).toBe(false)
  })
})

describe('tables and columns', () => {
  test.each<[string, string, string, number, string, string, string]>([
    [
      'a table of the source',
      'from: T\n',
      'from: TT\n',
      9,
      'E208 table not found',
      'SQLITE source.sqlite has no table TT',
      'did you mean "T"?',
    ],
    [
      'a table of the target',
      'to: t\n',
      'to: tt\n',
      10,
      'E208 table not found',
      'the target has no table tt',
      'did you mean "t"?; `create: if_missing` would create it',
    ],
    [
      'a column of the source',
      'a: A }',
      'a: AA }',
      11,
      'E207 column not found',
      'T has no column AA',
      'did you mean "A"?',
    ],
    [
      'a column of the target',
      ' a: A }',
      ' aa: A }',
      11,
      'E207 column not found',
      't has no column aa',
      'did you mean "a"?',
    ],
    [
      'a key',
      'from: T\n',
      'from: NOKEY\n',
      9,
      'E210 no key',
      'NOKEY has no primary key',
      'say which columns identify a row: `key: [...]`',
    ],
    [
      'a type',
      'type: sqlite, path: source',
      'type: orcale, path: source',
      4,
      'E103 value not allowed',
      '"orcale" is not one of ',
      '',
    ],
  ])('%s that is not there', async (_name, good, bad, line, title, message, hint) => {
    const at = place(pipeline(ENTITY).replace(good, bad))
    const run = await at.run()
    expectTold(run, 2, new RegExp(`^ pipeline\\.yaml:${line}:\\d+ {2}${title}\n`, 'm'))
    const version = /sqlite \d+\.\d+\.\d+/
    expect(run.stderr.replace(version, 'SQLITE')).toContain(` ${message}`)
    if (hint !== '') expect(run.stderr).toContain(`   hint  ${hint}\n`)
    untouched(at)
  })

  test('a table that goes away between plan and write is not half written', async () => {
    const at = place(pipeline(ENTITY, 'hooks: { before: ["drop table t"] }'))
    const run = await at.run()
    expectTold(
      run,
      1,
      /✖ E308 statement failed\n {2}where {2}target\.sqlite\n {2}what {3}no such table: t \(SQLITE_ERROR\)\n$/,
    )
    expect(at.rows(`select count(*) from etl_batch`)).toEqual([[0]])
  })
})

describe('values', () => {
  /** Rows of which some are wrong, to PostgreSQL. */
  async function toPostgres(
    rows: readonly string[],
    ddl: string,
  ): Promise<{ run: EtlResult; ids: unknown[]; at: Workspace }> {
    const at = new Workspace()
    at.source(
      `create table T (ID integer primary key, TXT, BIG, NUM, DEC, SHORT); insert into T values ${rows.join(', ')}`,
    )
    await server.exec(`create table t (id integer primary key, ${ddl})`)
    const entity = ENTITY.replace('a: A', 'txt: TXT, big: BIG, num: NUM, dec: DEC, short: SHORT')
    at.write(
      'pipeline.yaml',
      pipeline(entity).replace(SQLITE_TARGET, 'target: { type: postgres, url: "${DATABASE_URL}" }'),
    )
    const env = { DATABASE_URL: String(server.config.url) }
    const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json', '--progress', 'plain'], { cwd: at.dir, env })
    const ids = (await server.rows('select id from t order by id')).flat()
    await server.exec('drop table t; drop table etl_run, etl_chunk, etl_batch, etl_reject, etl_identity, etl_audit')
    return { run, ids, at }
  }
  const DDL = 'txt text, big bigint, num integer, dec numeric(12, 2), short varchar(10)'
  const GOOD = `'ok', 1, 2, '3.25', 'short'`

  test('values that PostgreSQL cannot hold are quarantined, each with its cause; the others are written', async () => {
    const { run, ids, at } = await toPostgres(
      [
        `(1, ${GOOD})`,
        `(2, 'can' || char(0) || 'ary', 1, 2, '3.25', 'short')`,
        `(3, 'ok', '99999999999999999999', 2, '3.25', 'short')`,
        `(4, 'ok', 1, 3000000000, '3.25', 'short')`,
        `(5, 'ok', 1, 2, '12345678901.25', 'short')`,
        `(6, 'ok', 1, 2, '0.12345', 'short')`,
        `(7, 'ok', 1, 2, '3.25', 'abcdefghijklmnop')`,
        `(8, 'ok', 1, 'two', '3.25', 'short')`,
        `(9, ${GOOD})`,
      ],
      DDL,
    )
    expectTold(run, 3, / t {2}1 row rejected: E408 txt: /)
    expect(ids).toEqual(['1', '9'])
    expect(countsOf(resultOf(run.stdout))).toEqual({ t: '9 read, 2 written, 0 skipped, 0 filtered, 7 quarantined' })
    expect(at.quarantine('p', 't').map(({ key, field, code }) => [key, field, code])).toEqual([
      ['2', 'txt', 'E408'],
      ['3', 'big', 'E403'],
      ['4', 'num', 'E403'],
      ['5', 'dec', 'E403'],
      ['6', 'dec', 'E404'],
      ['7', 'short', 'E405'],
      ['8', 'num', 'E402'],
    ])
    // The values are in the quarantine file and nowhere else.
    for (const part of ['canary', '9999999', '3000000', '1234567', '0.1234', 'abcdefgh', 'two']) {
      expect(run.stdout + run.stderr).not.toContain(part)
    }
  })

  test('text that is not UTF-8 puts its row aside, naming the column', async () => {
    const { at, run, ids } = await toPostgres(
      [`(1, ${GOOD})`, `(2, cast(x'6361ff6e617279' as text), 1, 2, 3, '')`],
      DDL,
    )
    expectTold(run, 3, / t {2}1 row rejected: E409 column TXT holds text that is not valid UTF-8\n/)
    expect(ids).toEqual(['1'])
    expect(at.quarantine('p', 't').map(({ key, stage, code }) => [key, stage, code])).toEqual([['2', 'read', 'E409']])
  })

  test('a key that is not unique stops the entity before a row could be lost', async () => {
    const at = place(
      pipeline(
        '\n  t:\n    from: { query: "select 7 as ID, A from T" }\n    key: ID\n    to: t\n    fields: { id: ID, a: A }',
      ),
    )
    const run = await at.run()
    expectTold(run, 1, /E518 source key is not unique\n/)
    expect(run.stderr).toContain('two rows have the same key (ID)')
    expect(at.rows('select * from t')).toEqual([])
  })
})

describe('a full disk', () => {
  const rows = 3000
  const limited = (kib: number): string[] => ['-c', `ulimit -f ${kib * 2}; exec "$0" "$@"`, process.execPath, CLI]
  const source = (at: Workspace): void =>
    at.source(`delete from T; insert into T with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})
      select i, 'a text of some length ' || i from n`)
  const entity = '\n  t:\n    from: T\n    to: t\n    batch_size: 20\n    fields: { id: ID, a: A }'

  test('for the state folder: what is committed stays, and the run goes on when there is room', async () => {
    await server.exec('create table t (id integer primary key, a text)')
    const at = place(pipeline(entity).replace(SQLITE_TARGET, 'target: { type: postgres, url: "${DATABASE_URL}" }'))
    source(at)
    const env = { DATABASE_URL: String(server.config.url) }
    const run = await startProcess('/bin/sh', [...limited(8), 'run', 'pipeline.yaml', '--yes'], { cwd: at.dir, env })
      .result
    expectTold(run, 1, /✖ E513 state cannot be written\n/)
    expect(run.stderr).toMatch(/what {3}.*events\.ndjson cannot be written: EFBIG/)
    expect(run.stderr).toContain(
      'make room (or give the rights), then go on with `etl run pipeline.yaml --resume`; what is committed stays\n',
    )
    const before = Number((await server.rows('select count(*) from t'))[0]?.[0])
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(rows)
    expect(before % 20).toBe(0)
    const resumed = await runEtl(['run', 'pipeline.yaml', '--yes', '--resume'], { cwd: at.dir, env })
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(await server.rows('select count(*), count(distinct id) from t')).toEqual([[String(rows), String(rows)]])
    await server.exec('drop table t; drop table etl_run, etl_chunk, etl_batch, etl_reject, etl_identity, etl_audit')
  })

  test('for an SQLite target: whole batches only, and the run goes on when there is room', async () => {
    const at = place(pipeline(entity))
    source(at)
    const run = await startProcess('/bin/sh', [...limited(100), 'run', 'pipeline.yaml', '--yes'], { cwd: at.dir })
      .result
    expectTold(
      run,
      1,
      /✖ E308 statement failed\n {2}where {2}target\.sqlite\n {2}what {3}reading or writing target\.sqlite failed \(SQLITE_IOERR_WRITE\)\n/,
    )
    const before = Number(at.rows('select count(*) from t')[0]?.[0])
    expect(before).toBeGreaterThan(0)
    expect(before % 20).toBe(0)
    expect(at.rows('select sum(inserted) from etl_batch')).toEqual([[before]])
    const resumed = await at.run('--resume')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(at.rows('select count(*), count(distinct id) from t')).toEqual([[rows, rows]])
  })

  test('a state folder that is a file', async () => {
    const at = place()
    at.write('.etl', '')
    const run = await at.run()
    expectTold(run, 1, /^✖ E513 state cannot be written\n/)
    expect(at.rows('select * from t')).toEqual([])
  })
})
