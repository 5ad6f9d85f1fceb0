import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, runEtl, Workspace } from '../support/etl.js'
import { faulty } from './behaviours/faulty.js'
import { pipeline } from './behaviours/pipeline.js'

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

describe('dry run', () => {
  test('reads and checks every row and writes nothing: the file of the target stays as it is', async () => {
    const place = faulty('load: insert')
    place.target('create unique index t_n on t (n); insert into t values (1, 1)')
    place.source('update T set N = 500 where ID = 501')
    const hash = (): string =>
      createHash('sha256')
        .update(readFileSync(place.path('target.sqlite')))
        .digest('hex')
    const before = hash()
    const run = await place.run('--dry-run', '--json')
    expect(run.code, run.stderr).toBe(3)
    const result = resultOf(run.stdout)
    expect(result).toMatchObject({ dryRun: true, status: 'quarantined' })
    // Twenty that are no numbers. Row 1 is there already. Row 500 is none, so 501 may have its number.
    expect(countsOf(result)).toEqual({ t: '2000 read, 1979 written, 0 skipped, 0 filtered, 21 quarantined' })
    expect(hash()).toBe(before)
    expect(existsSync(place.path('.etl'))).toBe(false)
    expect(readdirSync(place.dir).sort()).toEqual(['pipeline.yaml', 'source.sqlite', 'target.sqlite'])
    const shown = await place.run('--dry-run')
    expect(shown.stdout).toContain('nothing written')
  })

  test('makes no file where the target has none yet, nor do plan and check', async () => {
    const place = new Workspace()
    place.source(`create table T (ID integer primary key); insert into T values (1), (2)`)
    place.write(
      'pipeline.yaml',
      pipeline('\n  t:\n    from: T\n    to: { table: t, create: if_missing }\n    fields: { id: ID }'),
    )
    const run = await place.run('--dry-run', '--json')
    expect(run.code, run.stderr).toBe(0)
    expect(countsOf(resultOf(run.stdout))).toEqual({ t: '2 read, 2 written, 0 skipped, 0 filtered, 0 quarantined' })
    for (const command of ['plan', 'check']) expect((await place.etl(command, 'pipeline.yaml')).code, command).toBe(0)
    expect(readdirSync(place.dir).sort()).toEqual(['pipeline.yaml', 'source.sqlite'])
    expect((await place.run()).code).toBe(0)
    expect(place.rows('select * from t')).toEqual([[1], [2]])
  })

  test('leaves PostgreSQL alone', async () => {
    const server = await postgres.create('dry')
    servers.push(server)
    await server.exec('create table t (id bigint generated always as identity primary key, n integer)')
    const place = faulty('rest: ignore')
    const yaml = readFileSync(place.path('pipeline.yaml'), 'utf8')
      .replace('{ type: sqlite, path: target.sqlite }', '{ type: postgres, url: "${DATABASE_URL}" }')
      .replace('id: ID, ', '')
    place.write('pipeline.yaml', yaml)
    const env = { DATABASE_URL: String(server.config.url) }
    const run = await runEtl(['run', 'pipeline.yaml', '--dry-run', '--json'], { cwd: place.dir, env })
    expect(run.code, run.stderr).toBe(3)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      t: '2000 read, 1980 written, 0 skipped, 0 filtered, 20 quarantined',
    })
    expect(await server.rows('select count(*) from t')).toEqual([['0']])
    expect(await server.rows(`select count(*) from pg_class where relname like 'etl%'`)).toEqual([['0']])
    expect(await server.rows(`select last_value, is_called from t_id_seq`)).toEqual([['1', 'f']])
    expect(existsSync(place.path('.etl'))).toBe(false)
  })
})
