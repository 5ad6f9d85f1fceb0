import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, runEtl, Workspace } from '../support/etl.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from './chinook/official.js'

const servers: TestSchema[] = []
afterAll(async () => {
  for (const server of servers) await server.drop()
})

describe.runIf(existsSync(CHINOOK_DATA))('Chinook, from SQLite to the official PostgreSQL schema', () => {
  test('the file that init writes validates, plans and runs without an edit, and every row arrives', async () => {
    const place = new Workspace()
    cpSync(join(CHINOOK_DATA, 'Chinook_Sqlite.sqlite'), place.path('chinook.sqlite'))
    const official = await officialPostgres()
    servers.push(official)
    const url = String(official.config.url)
    const etl = (...args: string[]) => runEtl(args, { cwd: place.dir, env: { TARGET_URL: url } })
    const init = await etl('init', '--from', 'chinook.sqlite', '--to', url)
    expect(init.code, init.stderr).toBe(0)
    console.log(init.stdout)
    const text = readFileSync(place.path('pipeline.yaml'), 'utf8')
    console.log(text, readFileSync(place.path('.env.example'), 'utf8'))
    const validated = await etl('validate')
    expect([validated.code, validated.stderr]).toEqual([0, ''])
    const plan = await etl('plan')
    console.log(plan.stdout, plan.stderr)
    expect(plan.code, plan.stderr).toBe(0)
    const run = await etl('run', '--yes', '--json')
    expect(run.code, run.stderr).toBe(0)
    expect(await differences(official)).toEqual([])
    expect(await rowsOf(official)).toBe(CHINOOK_ROWS)
    expect(countsOf(resultOf(run.stdout))).toMatchObject({ employee: '8 read, 8 written, 0 skipped, 0 filtered, 0 quarantined' })
  }, 60_000)
})
