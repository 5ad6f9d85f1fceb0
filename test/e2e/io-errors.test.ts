import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type EtlResult, quarantineOf, resultOf, runEtl, Workspace } from '../support/etl.js'
import { type FailingCalls, failing, jumpingClock } from '../support/shim.js'

const ROWS = 60
const BATCH = 20
/** Every third row is too long for the target. */
const BAD = ROWS / 3

class Place extends Workspace {
  constructor() {
    super()
    this.source(`create table T (ID integer primary key, BODY text);
      with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into T select i, case when i % 3 = 0 then printf('%.*c', 200, 'y') else 'row ' || i end from n`)
    // Without a key: a batch that came twice would be seen.
    this.target('create table t (id integer not null, body varchar(50))')
    this.write(
      'pipeline.yaml',
      `version: 1
name: io
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: T, to: t, on_error: quarantine, batch_size: ${BATCH}, fields: { id: ID, body: { from: BODY, type: "varchar(50)" } } }
`,
    )
  }

  start(env: Readonly<Record<string, string>>, ...args: string[]): Promise<EtlResult> {
    return runEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: this.dir, env })
  }

  /** The run is whole: rows, ledger, quarantine, record. */
  expectWhole(result: EtlResult): void {
    expect(result.code, result.stderr).toBe(3)
    const { runDir = '', counts } = resultOf(result.stdout)
    expect(counts).toMatchObject({ read: ROWS, written: ROWS - BAD, quarantined: BAD })
    expect(this.rows('select count(*), count(distinct id), sum(id) from t')).toEqual([
      [ROWS - BAD, ROWS - BAD, this.#sum()],
    ])
    expect(this.rows('select sum(rows_read), sum(inserted), sum(quarantined), count(*) from etl_batch')).toEqual([
      [ROWS, ROWS - BAD, BAD, ROWS / BATCH],
    ])
    const keys = quarantineOf(runDir, 't').map(({ key }) => Number(key))
    expect(keys.toSorted((a, b) => a - b)).toEqual(Array.from({ length: BAD }, (_, i) => 3 * (i + 1)))
    expect(this.record(runDir)).toMatchObject({ status: 'quarantined', counts: { read: ROWS, quarantined: BAD } })
  }

  record(runDir: string): { readonly status: string; readonly error?: { readonly code: string } } {
    expect(readFileSync(`${runDir}/report.html`, 'utf8')).toMatch(/<\/html>\s*$/)
    return JSON.parse(readFileSync(`${runDir}/report.json`, 'utf8'))
  }

  #sum(): number {
    return (ROWS * (ROWS + 1)) / 2 - (3 * BAD * (BAD + 1)) / 2
  }
}

const FILES: readonly (Omit<FailingCalls, 'at'> & { readonly file: RegExp })[] = [
  { path: '/checkpoint.json', call: 'open', file: /checkpoint\.json/ },
  { path: '/checkpoint.json', call: 'write', file: /checkpoint\.json/ },
  { path: '/checkpoint.json', call: 'fsync', file: /checkpoint\.json/ },
  { path: '/checkpoint.json', call: 'rename', file: /checkpoint\.json/ },
  { path: '/events.ndjson', call: 'open', file: /events\.ndjson/ },
  { path: '/events.ndjson', call: 'write', file: /events\.ndjson/ },
  { path: '/quarantine/t.ndjson', call: 'open', file: /quarantine\/t\.ndjson/ },
  { path: '/quarantine/t.ndjson', call: 'write', file: /quarantine\/t\.ndjson/ },
]
const MOST_CALLS = 40

describe('the disk fails under a file of the state folder', () => {
  test.each(FILES)(
    '$call of $path, at the first call, the second, and so on: told, never success, and resumed',
    {
      timeout: 240_000,
    },
    async ({ path, call, file }) => {
      let at = 1
      // Of many calls the later ones are alike.
      for (; at <= MOST_CALLS; at += Math.max(1, at >> 1)) {
        const place = new Place()
        const result = await place.start(failing({ call, path, at }))
        if (!result.stderr.includes(`shim ${call} ${at}`)) {
          place.expectWhole(result)
          break
        }
        const { error, status, runDir } = resultOf(result.stdout)
        expect([result.code, status, error?.code], `${at}: ${result.stderr}`).toEqual([1, 'failed', 'E513'])
        expect(error?.message).toMatch(file)
        expect(error?.message).toMatch(/ cannot be written: EIO$/)
        if (runDir !== undefined) {
          expect(place.record(runDir)).toMatchObject({ status: 'failed', error: { code: 'E513' } })
        }
        place.expectWhole(await place.start({}, '--resume'))
      }
      expect(at).toBeGreaterThan(1)
      expect(at).toBeLessThanOrEqual(MOST_CALLS)
    },
  )
})

test('a clock that jumps by a day and back makes no difference to what is loaded', { timeout: 120_000 }, async () => {
  const place = new Place()
  const killed = await place.start({ ...jumpingClock(86_400, 3), ETL_FAILPOINTS: 'after-commit:kill@4' })
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
  place.expectWhole(await place.start(jumpingClock(-86_400, 7), '--resume'))
})
