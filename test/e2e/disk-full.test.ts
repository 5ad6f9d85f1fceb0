import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { quarantineOf, resultOf, Workspace } from '../support/etl.js'

const ROWS = 6000

/** Half of the rows are too long for the target. */
const SOURCE = `
  create table T (ID integer primary key, BODY text);
  insert into T with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
    select i, case when i % 2 = 0 then printf('row %d', i) else printf('%.*c', 200, 'y') end from n;
`

const FILE = (target: string): string => `
version: 1
name: full
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: ${target} }
entities:
  t: { from: T, to: t, batch_size: 500, fields: { id: ID, body: { from: BODY, type: "varchar(50)" } } }
`

const TABLE = 'create table t (id integer primary key, body varchar(50))'

const mounted: string[] = []
afterAll(() => {
  for (const folder of mounted.splice(0)) execFileSync('umount', [folder])
})

/** Mounts a file system in memory, of so many kilobytes. */
function smallDisk(folder: string, kilobytes: number): void {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder])
  mounted.push(folder)
}

function grow(folder: string, kilobytes: number): void {
  execFileSync('mount', ['-o', `remount,size=${kilobytes}k`, folder])
}

/**
 * Only the superuser of a Linux mounts; elsewhere files of limited size stand for a full disk, see bad-input.test.ts. The
 * strict mode of CI leaves nothing out: there it fails.
 */
const mounts = process.getuid?.() === 0 && process.platform === 'linux'
describe.runIf(mounts || process.env.ETL_TEST_STRICT === '1')('a disk that is full', () => {
  test('under the state folder: told with the file, resumed when there is room, nothing lost and nothing twice', async () => {
    const place = new Workspace()
    place.write('pipeline.yaml', FILE('target.sqlite'))
    place.source(SOURCE)
    place.target(TABLE)
    const disk = place.path('.etl')
    smallDisk(disk, 700)
    const full = await place.run('--json')
    expect(full.code, full.stderr).toBe(1)
    expect(resultOf(full.stdout).error).toMatchObject({
      code: 'E513',
      message: expect.stringMatching(/\/\.etl\/full\/.* cannot be written: the disk is full$/),
      hint: expect.stringContaining('--resume'),
    })
    grow(disk, 20_000)
    const resumed = await place.run('--resume', '--json')
    expect(resumed.code, resumed.stderr).toBe(3)
    const { counts, runDir = '' } = resultOf(resumed.stdout)
    expect(counts).toMatchObject({ read: ROWS, written: ROWS / 2, quarantined: ROWS / 2 })
    expect(place.rows('select count(*), sum(id), min(body) from t')).toEqual([[ROWS / 2, 9_003_000, 'row 10']])
    const keys = quarantineOf(runDir, 't').map(line => line.key)
    expect([keys.length, new Set(keys).size]).toEqual([ROWS / 2, ROWS / 2])
  })

  test('under an SQLite target: the batch is rolled back, and the run resumed when there is room', async () => {
    const place = new Workspace()
    place.write('pipeline.yaml', FILE('disk/target.sqlite'))
    place.source(SOURCE)
    const disk = place.path('disk')
    smallDisk(disk, 300)
    const { sqliteExec, sqliteRows } = await import('../support/etl.js')
    sqliteExec(`${disk}/target.sqlite`, TABLE)
    const full = await place.run('--json')
    expect(full.code, full.stderr).toBe(1)
    const { error } = resultOf(full.stdout)
    expect(error?.code).toBe('E513')
    expect(error?.message).toContain('full')
    const there = sqliteRows(`${disk}/target.sqlite`, 'select count(*) from t')[0]?.[0]
    const told = sqliteRows(`${disk}/target.sqlite`, 'select coalesce(sum(inserted), 0) from etl_batch')[0]?.[0]
    expect(there).toBe(told)
    grow(disk, 20_000)
    const resumed = await place.run('--resume', '--json')
    expect(resumed.code, resumed.stderr).toBe(3)
    expect(sqliteRows(`${disk}/target.sqlite`, 'select count(*), sum(id) from t')).toEqual([[ROWS / 2, 9_003_000]])
  })
})
