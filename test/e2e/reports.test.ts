import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RunRecord } from '../../src/index.js'
import { CLI, type EtlResult, startProcess, Workspace } from '../support/etl.js'
import { readStrictly } from '../support/strict-html.js'

const SCRIPT = '<script>alert(1)</script>'
const QUOTES = `a"b'c><img src=x onerror=alert(2)>`
const ANSI = '\u001b[31mred\u001b[0m\u0001'

const PIPELINE = `version: 1
name: hostile
sources: { shop: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
maps: { states: { A: active, I: ${JSON.stringify(SCRIPT)} } }
lookups: { region: { in: shop, table: COUNTRY, key: CD, value: NAME } }
defaults:
  max_errors: \${MOST:-100}
entities:
  country: { from: COUNTRY, to: country, fields: { cd: CD, name: { from: NAME, apply: [trim, upper] } } }
  customer:
    from: ${JSON.stringify(SCRIPT)}
    to: { table: ${JSON.stringify(QUOTES)} }
    let: { full: { cat: [{ var: FIRST }, " ", { var: LAST }] } }
    fields:
      id: ID
      ${JSON.stringify(ANSI)}: { from: full, apply: [{ replace: { pattern: x, with: ${JSON.stringify(SCRIPT)} } }] }
      status: { from: STATUS, map: states, unmapped: null }
      cd: { from: CD, ref: country, on_missing: quarantine }
      region: { from: CD, lookup: region, on_missing: null }
      price: { from: PRICE, type: "decimal(8,2)", on_lossy: round }
      origin: { value: ${JSON.stringify(ANSI)} }
  note:
    from: NOTE
    to: note
    defer: [parent_id]
    fields: { id: ID, customer_id: { from: CUST, ref: customer, on_missing: quarantine }, parent_id: { from: PARENT, ref: note, on_missing: null } }
    checks:
      - not_null: [customer_id]
      - { row_count: { min: 5000 }, name: ${JSON.stringify(SCRIPT)}, severity: warning }
  nothing: { from: VOID, to: void, fields: { id: ID } }
`

const place = new Workspace()
let folders: string[] = []
let first: EtlResult

/** Whatever the umask, what a run leaves is its owner's alone. */
function etl(...args: string[]): Promise<EtlResult> {
  const line = ['umask 000 && exec "$@"', 'sh', process.execPath, CLI, ...args]
  return startProcess('sh', ['-c', ...line], { cwd: place.dir }).result
}

function recordOf(folder: string | undefined): RunRecord {
  return JSON.parse(readFileSync(join(folder ?? '', 'report.json'), 'utf8')) as RunRecord
}

function pageOf(folder: string | undefined): string {
  return readFileSync(join(folder ?? '', 'report.html'), 'utf8')
}

beforeAll(async () => {
  place.source(`create table COUNTRY (CD text primary key not null, NAME text);
    insert into COUNTRY values ('US', ' usa'), ('KR', 'korea ');
    create table "${SCRIPT}" (ID integer primary key, FIRST text, LAST text, STATUS text, CD text, PRICE text);
    insert into "${SCRIPT}" with recursive n(i) as (select 1 union all select i + 1 from n where i < 6000)
      select i, 'x' || i, 'Love', substr('AIZ', 1 + i % 3, 1), iif(i % 500 = 0, 'ZZ', 'US'), i || '.125' from n;
    create table NOTE (ID integer primary key, CUST integer, PARENT integer);
    insert into NOTE with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
      select i, i, iif(i > 1, i - 1, null) from n;
    create table VOID (ID integer primary key)`)
  place.target(`create table country (cd text primary key not null, name text);
    create table "${QUOTES.replaceAll('"', '""')}" (id integer primary key, "${ANSI}" text, status text, cd text, region text,
      price decimal(8,2), origin text);
    create table note (id integer primary key, customer_id integer, parent_id integer);
    create table void (id integer primary key)`)
  place.write('pipeline.yaml', PIPELINE)
  first = await etl('run', '--yes', '--verify', 'full')
  if (first.code !== 3) throw new Error(first.stderr)
  folders = place.runFolders('hostile')
}, 60_000)

describe('the record of a run', () => {
  test('it holds what the run was: counts, order, lineage, times, versions', () => {
    expect(first.code, first.stderr).toBe(3)
    const record = recordOf(folders[0])
    expect(record).toMatchObject({
      format: 1,
      pipeline: 'hostile',
      status: 'quarantined',
      exitCode: 3,
      counts: { read: 9002, written: 8984, quarantined: 18, skipped: 0, filtered: 0, deduped: 0 },
      consistency: 'snapshot',
      sources: [{ name: 'shop', type: 'sqlite' }],
      target: { type: 'sqlite' },
    })
    expect(record.graph.map(({ name, wave, after }) => [name, wave, after])).toEqual([
      ['country', 1, []],
      ['customer', 2, ['country']],
      ['note', 3, ['customer']],
      ['nothing', 1, []],
    ])
    expect(record.lineage.find(({ entity }) => entity === 'customer')?.columns).toEqual([
      { target: 'id', type: 'int64', sources: ['ID'], steps: [] },
      {
        target: ANSI,
        type: 'text',
        sources: ['FIRST', 'LAST'],
        steps: [
          { kind: 'let', text: 'let full' },
          { kind: 'function', text: `replace (pattern: "x", with: ${JSON.stringify(SCRIPT)})` },
        ],
      },
      { target: 'status', type: 'text', sources: ['STATUS'], steps: [{ kind: 'map', text: 'map states' }] },
      { target: 'cd', type: 'text', sources: ['CD'], steps: [{ kind: 'ref', text: 'ref country' }] },
      { target: 'region', type: 'text', sources: ['CD'], steps: [{ kind: 'lookup', text: 'lookup region' }] },
      {
        target: 'price',
        type: 'decimal(8,2)',
        sources: ['PRICE'],
        steps: [{ kind: 'cast', text: 'text → decimal(8,2)' }],
      },
      {
        target: 'origin',
        type: 'text',
        sources: [],
        steps: [{ kind: 'value', text: `value ${JSON.stringify(ANSI)}` }],
      },
    ])
    const note = record.lineage.find(({ entity }) => entity === 'note')
    expect(note?.columns.map(({ target, steps }) => [target, steps.map(({ text }) => text)])).toEqual([
      ['id', []],
      ['customer_id', ['ref customer']],
      ['parent_id', ['ref note', 'second pass']],
    ])
    const spans = record.timeline.spans.map(({ name, kind, end }) => `${name} ${kind} ${end}`)
    expect(new Set(spans)).toEqual(
      new Set([
        'checks step done',
        'country load done',
        'customer load done',
        'note defer done',
        'note load done',
        'nothing load done',
        'verify step done',
      ]),
    )
    expect(record.timeline.spans.every(({ from, to }) => from <= to)).toBe(true)
    const customers = record.entities.find(({ name }) => name === 'customer')
    expect(customers?.losses).toEqual([{ field: 'price', rows: 5988 }])
    expect(record.entities.every(entity => !('preview' in entity))).toBe(true)
    expect(record.checks?.outcomes.map(({ name, state }) => [name, state])).toEqual([
      ['customer_id not null', 'passed'],
      [SCRIPT, 'failed'],
    ])
    expect(record.verification).toMatchObject({ state: 'verified', level: 'full' })
    expect(JSON.stringify(record)).not.toContain('"differences"')
  })

  test('it and the page are readable by their owner only', () => {
    const modes = ['report.json', 'report.html', 'events.ndjson'].map(name =>
      (statSync(join(folders[0] ?? '', name)).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['600', '600', '600'])
  })
})

describe('the page of a run', () => {
  test('it is strict HTML, without scripts, styles of its own only, and nothing to fetch', () => {
    const page = pageOf(folders[0])
    const { elements } = readStrictly(page)
    expect(elements.filter(({ name }) => ['script', 'img', 'iframe', 'link', 'object', 'form'].includes(name))).toEqual(
      [],
    )
    const attributes = elements.flatMap(({ attributes }) => Object.entries(attributes))
    expect(attributes.filter(([name]) => name.startsWith('on') || name === 'style' || name === 'src')).toEqual([])
    expect(attributes.filter(([name, value]) => name === 'href' && !value.startsWith('#'))).toEqual([])
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? ''
    const policy = elements.find(({ attributes }) => attributes['http-equiv'] !== undefined)?.attributes.content
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    )
    expect(style).not.toMatch(/url\(|@import/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  })

  test('hostile names are there, as text', () => {
    const { text } = readStrictly(pageOf(folders[0]))
    expect(text).toContain(`${SCRIPT} → ${QUOTES}`)
    expect(text).toContain(`with: "${SCRIPT}"`)
    expect(text).toContain('red\\u0001')
    for (const words of [
      'Finished, 18 rows quarantined',
      'VERIFIED',
      '9,002',
      'let full',
      'ref country',
      'second pass',
      'decimal(8,2)',
    ])
      expect(text).toContain(words)
  })

  test('a browser shows it and refuses nothing', async () => {
    const page = join(folders[0] ?? '', 'report.html')
    const browser = [process.env.CHROMIUM ?? '', ...chromiums()].find(path => path !== '' && existsSync(path))
    // Where there is no browser the strict reading above has to do.
    if (browser === undefined) return expect(readStrictly(pageOf(folders[0])).elements.length).toBeGreaterThan(100)
    const picture = process.env.ETL_TEST_PICTURE ?? place.path('page.png')
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--enable-logging=stderr']
    const where = [`--user-data-dir=${place.path('browser')}`, `--screenshot=${picture}`, '--window-size=1280,2400']
    const shown = await startProcess(browser, [...flags, ...where, `file://${page}`], { cwd: place.dir }).result
    expect(shown.stderr).not.toMatch(/CONSOLE|Refused|violates/)
    const png = readFileSync(picture)
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1280, 2400])
    return undefined
  }, 60_000)

  function chromiums(): string[] {
    const names = ['chromium', 'chromium-browser', 'google-chrome']
    return (process.env.PATH ?? '').split(delimiter).flatMap(folder => names.map(name => join(folder, name)))
  }
})

describe('a run that was planned, saved before and taken back', () => {
  const other = new Workspace()
  const etl = (...args: string[]): Promise<EtlResult> =>
    startProcess(process.execPath, [CLI, ...args], {
      cwd: other.dir,
      env: { MOST: args.includes('MOST=0') ? '0' : '9' },
    }).result

  test('all of it is in the record and on the page', async () => {
    other.write(
      'pipeline.yaml',
      `version: 1
name: back
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
backup: true
undo: true
on_failure: undo
defaults:
  max_errors: \${MOST}
entities:
  good: { from: GOOD, to: good, load: upsert, fields: { id: ID, n: N } }
  bad: { from: BAD, to: bad, depends_on: [good], fields: { id: ID, n: { from: N, type: int32 }, d: { from: D, type: "decimal(4,1)", on_lossy: round } } }
`,
    )
    other.source(`create table GOOD (ID integer primary key, N text); insert into GOOD values (1, 'new'), (2, 'two');
      create table BAD (ID integer primary key, N text, D text); insert into BAD values (1, '1', '1.25'), (2, 'x', '2')`)
    other.target(`create table good (id integer primary key, n text); insert into good values (1, 'old');
      create table bad (id integer primary key, n integer, d decimal(4,1))`)
    const planned = await etl('plan', '-o', 'saved.json')
    expect(planned.code, planned.stderr).toBe(0)
    const whole = await etl('run', '--yes', '--plan', 'saved.json')
    expect([whole.code, whole.stdout]).toEqual([
      3,
      expect.stringMatching(/report {6}\.etl\/back\/runs\/\w+\/report\.html/),
    ])
    const [first] = other.runFolders('back')
    const record = recordOf(first)
    expect(record.prediction?.filter(({ entity }) => entity === 'good')).toEqual(
      expect.arrayContaining([{ entity: 'good', what: 'read', predicted: { rows: 2 }, happened: 2, fits: true }]),
    )
    expect(record).toMatchObject({
      backup: { kind: 'backup', format: 'sqlite', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
      versions: {
        etl: expect.stringMatching(/^\d/),
        node: process.version,
        platform: expect.stringContaining(process.arch),
      },
      fingerprint: expect.stringMatching(/^[0-9a-f]{16,}/),
      fingerprintParts: { 'entities.good.load': '"upsert"' },
    })
    const [good, bad] = record.entities
    expect(Object.keys(good?.stages ?? {})).toEqual(['read', 'transform', 'write'])
    expect(bad?.losses).toEqual([{ field: 'd', rows: 1 }])
    expect(bad?.rejects).toMatchObject([{ code: 'E402', field: 'n', rows: 1 }])
    const { text } = readStrictly(pageOf(first))
    for (const words of [
      'Prediction',
      'that the plan predicted',
      'Backup',
      record.backup?.checksum,
      'Changed values',
      'rounded',
    ])
      expect(text).toContain(words)

    other.target(`update good set n = 'mine' where id = 1; delete from bad`)
    const failed = await etl('run', '--yes', '--var', 'MOST=0')
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringMatching(/next {8}etl run pipeline\.yaml {3}once the cause is removed/),
    ])
    expect(other.rows('select * from good order by id')).toEqual([
      [1, 'mine'],
      [2, 'two'],
    ])
    const folder = other.runFolders('back').find(each => each !== first)
    const { undone } = recordOf(folder)
    expect(undone).toMatchObject({ verified: true, entities: [{ entity: 'good', restored: 2 }, { entity: 'bad' }] })
    const page = readStrictly(pageOf(folder)).text
    for (const words of [
      'Failed',
      'Taken back',
      'the tables have the rows that they had before',
      'run it again, from the beginning',
    ])
      expect(page).toContain(words)
    expect(page).not.toContain('--resume')
  }, 60_000)
})

describe('the history', () => {
  test('a run that failed has its page and its line; runs and reports are found again', async () => {
    const one = folders[0]?.split('/').at(-1) ?? ''
    const failed = await startProcess(process.execPath, [CLI, 'run', '--yes', '--var', 'MOST=3'], { cwd: place.dir })
      .result
    expect(failed.code).toBe(1)
    const two = place.runFolders('hostile').find(folder => !folders.includes(folder))
    const record = recordOf(two)
    expect(record).toMatchObject({ status: 'failed', error: { code: 'E501' } })
    const { text } = readStrictly(pageOf(two))
    expect(text).toContain('Failed')
    expect(text).toContain(record.error?.message)

    const json = await etl('runs', '--json')
    const { runs } = JSON.parse(json.stdout) as { runs: Record<string, unknown>[] }
    expect(runs).toMatchObject([
      { runId: two?.split('/').at(-1), state: 'failed', status: 'failed', error: { code: 'E501' }, runDir: two },
      { runId: one, state: 'completed', status: 'quarantined', read: 9002, written: 8984, quarantined: 18 },
    ])
    const listed = await etl('runs')
    expect(listed.stdout).toMatch(/^ · hostile {2}2 runs\n\n {3}RUN +BEGAN/)
    expect(listed.stdout).toMatch(
      new RegExp(`${one} .* completed +9,002 +8,984 +18 {2}verified, rows in quarantine\\n`),
    )
    expect(listed.stdout).toContain(`next   etl report ${record.runId} pipeline.yaml`)

    const html = await etl('report', one.slice(0, 6))
    expect(html.stdout).toBe(`.etl/hostile/runs/${one}/report.html\n`)
    const last = await etl('report', 'last', '--format', 'json')
    expect(JSON.parse(last.stdout)).toMatchObject({ runId: record.runId })
    const junit = await etl('report', one, '--format', 'junit', '-o', 'run.xml')
    expect(junit.code, junit.stderr).toBe(0)
    const xml = readFileSync(place.path('run.xml'), 'utf8')
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="etl hostile" tests="11" failures="2">/,
    )
    expect(xml).toContain(
      '<failure message="12 rows quarantined">12 rows: E412 cd country has no row for this key</failure>',
    )
    readStrictly(xml.replace(/^<\?xml.*\n/, ''))
    const none = await etl('report', 'ffffff')
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there is no run ffffff')])
  }, 60_000)

  test('where the ledger cannot be asked, the folders tell what they know', async () => {
    const before = await etl('runs', '--json')
    const known = (JSON.parse(before.stdout) as { runs: { runId: string }[] }).runs.map(({ runId }) => runId)
    writeFileSync(place.path('away.yaml'), PIPELINE.replace('path: target.sqlite', 'path: gone/target.sqlite'))
    const away = await etl('runs', 'away.yaml', '--json')
    const history = JSON.parse(away.stdout) as { note: string; runs: { runId: string }[] }
    expect(history.note).toMatch(/^the target cannot be asked \(E\d+ /)
    expect(history.runs.map(({ runId }) => runId)).toEqual(known)
  }, 60_000)
})
