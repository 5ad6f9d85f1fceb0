import { expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import { Workspace } from '../support/etl.js'
import { startPgbouncer } from '../support/pgbouncer.js'

test.each([
  ['engine', 'init'],
  ['engine', 'check'],
  ['worker', '--quiet'],
])('etl %s %s: a pooler that shares sessions is refused, and nothing is written', async (...command) => {
  const schema = await postgres.create('engine')
  const pooler = await startPgbouncer(String(schema.config.url), {
    pool_mode: 'transaction',
    ignore_startup_parameters: 'options,extra_float_digits',
  })
  try {
    const { code, stderr } = await new Workspace().etl(...command, '--engine', pooler.url)
    expect(code, stderr).toBe(5)
    expect(stderr).toContain('E312')
    expect(stderr).toContain('a pooler is in between that gives each transaction another session')
    expect(await schema.rows(`select to_regnamespace('etl_engine')::text`)).toEqual([[null]])
  } finally {
    await pooler.stop()
    await schema.drop()
  }
})
