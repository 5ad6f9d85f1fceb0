import Driver from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, runEtl, startEtl, Workspace } from '../support/etl.js'

const ROWS = 6000
let target: TestSchema
beforeAll(async () => {
  target = await database.create('files_in_parts')
})
afterAll(() => target.drop())
beforeEach(() =>
  target.exec(`drop table if exists etl_run, etl_chunk, etl_batch, etl_reject, etl_identity, etl_audit, etl_owner cascade;
    drop table if exists loaded; create table loaded (line integer primary key, id integer not null, name text, note text)`),
)

/** Every 7th row is filtered, every 50th fails, every 300th has too many values; notes have several lines and quotes. */
const rows = Array.from({ length: ROWS }, (_, i) => i + 1)
const fate = (i: number): 'malformed' | 'filtered' | 'failed' | 'loaded' =>
  i % 300 === 0 ? 'malformed' : i % 7 === 0 ? 'filtered' : i % 50 === 0 ? 'failed' : 'loaded'
const note = (i: number): string => `Zoë said "${i}"\r\n\n${'é, '.repeat(i % 11)}`
const csvText = rows
  .map(i => {
    const id = fate(i) === 'failed' ? 'no number' : i * 10
    const lines = i % 13 === 0 ? '\n\n' : '\n'
    return `${id},${i % 7 === 0 ? 'skip' : `name ${i}`},"${note(i).replaceAll('"', '""')}"${i % 300 === 0 ? ',more' : ''}${lines}`
  })
  .join('')
const jsonlText = rows
  .map(i => {
    const id = fate(i) === 'failed' ? 'no number' : i * 10
    const line = JSON.stringify({ id, name: i % 7 === 0 ? 'skip' : `name ${i}`, note: note(i) })
    return `${i % 300 === 0 ? line.slice(1) : line}\n`
  })
  .join('')
const count = (what: ReturnType<typeof fate>): number => rows.filter(i => fate(i) === what).length
const counts = {
  loaded:
    `${ROWS} read, ${count('loaded')} written, 0 skipped, ${count('filtered')} filtered, ` +
    `${count('failed') + count('malformed')} quarantined`,
}
const loaded = rows.filter(i => fate(i) === 'loaded').map(i => [i, i * 10, `name ${i}`, note(i)])
const rejected = rows.filter(i => fate(i) === 'failed' || fate(i) === 'malformed').map(String)

function pipeline(type: string, to: string, chunks: string, more = ''): string {
  return `
version: 1
name: parts
sources: { f: { type: ${type} } }
target: ${to}
defaults: { batch_size: 100, on_error: quarantine }
entities:
  loaded:
    from: { file: in.${type} }
    to: loaded
    ${chunks}
    filter: { "!=": [ { var: name }, skip ] }
    ${more}
    fields: { line: $row, id: id, name: name, note: note }
`
}

const POSTGRES = '{ type: postgres, url: "${DATABASE_URL}" }'
const options = (place: Workspace) => ({ cwd: place.dir, env: { DATABASE_URL: String(target.config.url) } })

async function written(): Promise<unknown[][]> {
  const found = await target.rows('select line, id, name, note from loaded order by line')
  return found.map(([line, id, ...rest]) => [Number(line), Number(id), ...rest])
}

async function ranges(): Promise<unknown[][]> {
  return target.rows(`select chunk, lower_key, upper_key, state from etl_chunk where pass = 'load' order by chunk`)
}

test.each([
  ['csv', `id,name,note\n${csvText}`],
  ['jsonl', jsonlText],
])('%s into PostgreSQL in three ranges, killed again and again', { timeout: 180_000 }, async (type, text) => {
  const place = new Workspace()
  place.write(`in.${type}`, text)
  place.write('pipeline.yaml', pipeline(type, POSTGRES, 'chunks: 3'))
  let [resume, killed] = [false, 0]
  for (;;) {
    const again = resume ? ['--resume'] : []
    const run = startEtl(['run', 'pipeline.yaml', '--yes', '--json', '--concurrency', '3', ...again], options(place))
    let batches = 0
    run.child.stdout?.on('data', (piece: string) => {
      batches += piece.split('"type":"batch"').length - 1
      if (killed < 3 && batches >= 4) run.child.kill('SIGKILL')
    })
    const { signal, code, stderr, stdout } = await run.result
    if (signal === 'SIGKILL') {
      killed++
      resume = true
    } else if (!stderr.startsWith('✖ E503')) {
      expect(code, stderr).toBe(3)
      expect(countsOf(resultOf(stdout))).toEqual(counts)
      break
    }
  }
  expect(killed).toBe(3)
  expect(await written()).toEqual(loaded)
  const found = await ranges()
  expect(found.map(([chunk, , , state]) => [Number(chunk), state])).toEqual([
    [0, 'done'],
    [1, 'done'],
    [2, 'done'],
  ])
  const bounds = found.map(([, lower, upper]) => [lower, upper])
  expect(bounds[0]?.[0]).toBe(null)
  expect(bounds[2]?.[1]).toBe(null)
  expect([bounds[0]?.[1], bounds[1]?.[1]]).toEqual([bounds[1]?.[0], bounds[2]?.[0]])
  const rejects = await target.rows('select source_key from etl_reject order by source_key::int')
  expect(rejects.map(([key]) => key)).toEqual(rejected)
  const verified = await runEtl(['verify', 'pipeline.yaml', '--level', 'full'], options(place))
  expect(verified.code, verified.stdout + verified.stderr).toBe(0)
})

test('what was rejected in any range is found and loaded by a retry', { timeout: 60_000 }, async () => {
  const place = new Workspace()
  place.write('in.csv', `id,name,note\n${csvText}`)
  place.write('pipeline.yaml', pipeline('csv', POSTGRES, 'chunks: 4'))
  expect((await runEtl(['run', 'pipeline.yaml', '--yes'], options(place))).code).toBe(3)
  expect(await written()).toEqual(loaded)
  place.write(
    'pipeline.yaml',
    pipeline('csv', POSTGRES, 'chunks: 4').replace('id: id,', 'id: { from: id, default: -1, on_invalid: default },'),
  )
  const [run] = await target.rows('select run_id from etl_run')
  const retry = await runEtl(['quarantine', 'retry', 'pipeline.yaml', String(run?.[0]), '--json'], options(place))
  expect(retry.code, retry.stderr).toBe(3)
  expect(resultOf(retry.stdout).retry).toEqual({ of: run?.[0], left: count('malformed') })
  const mended = rows.filter(i => fate(i) === 'failed').map(i => [i, -1, `name ${i}`, note(i)])
  expect(await written()).toEqual([...loaded, ...mended].toSorted((a, b) => Number(a[0]) - Number(b[0])))
})

test('into SQLite, one range after the other; undone as a whole', { timeout: 60_000 }, async () => {
  const place = new Workspace()
  place.target('create table loaded (line integer primary key, id integer not null, name text, note text)')
  place.write('in.csv', `id,name,note\n${csvText}`)
  place.write('pipeline.yaml', pipeline('csv', '{ type: sqlite, path: target.sqlite }', 'chunks: { rows: 1500 }'))
  const run = await place.run('--json')
  expect(run.code, run.stderr).toBe(3)
  expect(countsOf(resultOf(run.stdout))).toEqual(counts)
  expect(place.rows('select * from loaded order by line')).toEqual(loaded)
  const parts = place.rows(`select chunk, state from etl_chunk where pass = 'load' order by chunk`)
  expect(parts.length).toBeGreaterThan(2)
  expect(parts).toEqual(parts.map((_, i) => [i, 'done']))
  const undone = await place.etl('undo', 'last', 'pipeline.yaml', '--yes')
  expect(undone.code, undone.stderr).toBe(0)
  expect(place.rows('select count(*) from loaded')).toEqual([[0]])
})

test('members of a union are split each for itself', { timeout: 60_000 }, async () => {
  const place = new Workspace()
  const old = new Driver(place.path('old.sqlite'))
  old.exec(`create table old (id integer primary key, name text, note text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 900)
    insert into old select -i, 'old ' || i, 'x' from n`)
  old.close()
  await target.exec('drop table loaded; create table loaded (member text, id integer primary key, name text)')
  place.write('in.csv', `id,name,note\n${rows.map(i => `${i},name ${i},"a\nb"\n`).join('')}`)
  place.write(
    'pipeline.yaml',
    `
version: 1
name: parts
sources: { f: { type: csv }, old: { type: sqlite, path: old.sqlite } }
target: ${POSTGRES}
defaults: { batch_size: 200 }
entities:
  loaded:
    from:
      union:
        - { source: f, file: in.csv, columns: [id, name], key: id }
        - { source: old, table: old, columns: [id, name] }
    to: loaded
    chunks: 3
    fields: { member: $member, id: id, name: name }
`,
  )
  const run = await runEtl(['run', 'pipeline.yaml', '--yes'], options(place))
  expect(run.code, run.stderr).toBe(0)
  const uppers = (await ranges()).map(([, , upper]) => (upper === null ? [] : (JSON.parse(String(upper)) as unknown[])))
  expect(uppers.map(([member, ...position]) => [member, position.length])).toEqual([
    ['in.csv', 2],
    ['in.csv', 2],
    ['in.csv', 0],
    ['old', 1],
    ['old', 1],
    [undefined, 0],
  ])
  expect(await target.rows('select member, count(*), sum(id) from loaded group by 1 order by 1')).toEqual([
    ['in.csv', String(ROWS), String((ROWS * (ROWS + 1)) / 2)],
    ['old', '900', String((-900 * 901) / 2)],
  ])
})

/** Rows of which one is no number: with `on_error: fail` the run ends there. The row is mended then. */
async function endsAt(place: Workspace, row: number, from: string): Promise<void> {
  const text = rows.map(i => `${i === row ? 'x' : i},name ${i},x\n`).join('')
  place.write('in.csv', `id,name,note\n${text}`)
  place.write('more.csv', `id,name,note\n7001,name,x\n7002,name,x\n7003,name,x\n`)
  const file = pipeline('csv', POSTGRES, 'chunks: 2', 'on_error: fail')
  place.write('pipeline.yaml', file.replace('{ file: in.csv }', from).replace('line: $row', 'line: id'))
  const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--concurrency', '1'], options(place))
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('E502')
  place.write('in.csv', `id,name,note\n${text.replace('\nx,', '\n-1000000,')}`)
}

describe.each([
  ['a file', '{ file: in.csv }', ['done', 'planned'], ROWS],
  [
    'a member',
    '{ union: [{ file: in.csv }, { file: more.csv }] }',
    ['done', 'planned', 'planned', 'planned'],
    ROWS + 3,
  ],
])('%s of which a row was mended', (_, from, states, all) => {
  const resume = ['run', 'pipeline.yaml', '--yes', '--resume', '--accept-changes']

  test('in its last range is gone on with', { timeout: 60_000 }, async () => {
    const place = new Workspace()
    await endsAt(place, 5000, from)
    expect((await ranges()).map(([, , , state]) => state)).toEqual(states)
    const resumed = await runEtl(resume, options(place))
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(await target.rows('select count(*), min(id) from loaded')).toEqual([[String(all), '-1000000']])
  })

  test('before the end of a range is not: that end is elsewhere by now', { timeout: 60_000 }, async () => {
    const place = new Workspace()
    await endsAt(place, 1000, from)
    const resumed = await runEtl(resume, options(place))
    expect(resumed.code).toBe(2)
    expect(resumed.stderr).toMatch(/E506[\s\S]*reads in\.csv in several ranges, whose ends are elsewhere in it by now/)
  })
})
