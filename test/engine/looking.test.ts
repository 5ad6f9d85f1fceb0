import { expect, test } from 'vitest'
import { initEngine, openEngine } from '../../src/engine/open.js'
import { SCHEMA } from '../../src/engine/pg-boss/driver.js'
import { database } from '../databases/postgres.js'

test('the server knows how many jobs there are as soon as many are handed over, not when it next counts', async () => {
  const schema = await database.create('looking')
  const url = String(schema.config.url)
  await initEngine(url)
  const engine = await openEngine(url, { applicationName: 'etl test' })
  try {
    const tasks = Array.from({ length: 300 }, (_, n) => ({ id: `r/${n}`, kind: 'chunk', run: 'r', data: {} }) as const)
    await Promise.all(tasks.map(task => engine.submit(task)))
    const known = `select reltuples::int from pg_class where oid = '${SCHEMA}.job_common'::regclass`
    expect(await schema.rows(known)).toEqual([['300']])
  } finally {
    await engine.close()
    await schema.drop()
  }
})
