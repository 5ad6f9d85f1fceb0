import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, sqliteRows, temporaryFolder } from '../support/etl.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres } from './chinook/official.js'
import { CHINOOK_TABLES, pipeline } from './chinook/pipelines.js'

if (existsSync(CHINOOK_DATA)) describe('Chinook, there and back', roundTrip)
else {
  test(`Chinook data is not here: ${CHINOOK_DATA}`, () => {
    console.warn(`Chinook data is not here: ${CHINOOK_DATA}. The round trip over it was NOT tested.`)
    expect(existsSync(CHINOOK_DATA)).toBe(false)
  })
}

const POSTGRES = { type: 'postgres', url: '${DATABASE_URL}' }
const MYSQL = { type: 'mysql', url: '${MYSQL_URL}' }
const SQLITE = { type: 'sqlite', path: 'chinook.sqlite' }

function roundTrip(): void {
  const folder = temporaryFolder()
  let postgres: TestSchema
  let maria: TestSchema

  beforeAll(async () => {
    ;[postgres, maria] = await Promise.all([officialPostgres(), mysql.create('round_trip')])
  })
  afterAll(() => Promise.all([postgres.drop(), maria.drop()]))

  /** Moves every table from one place to the other. */
  const move = async (name: string, from: object, to: object, entity: Parameters<typeof pipeline>[3]) => {
    writeFileSync(
      join(folder, `${name}.yaml`),
      pipeline(name, from, to, table => ({ rest: 'copy', ...entity(table) })),
    )
    const env = { DATABASE_URL: String(postgres.config.url), MYSQL_URL: String(maria.config.url), TZ: 'Pacific/Apia' }
    const run = await runEtl(['run', `${name}.yaml`, '--yes', '--verify', 'full'], { cwd: folder, env })
    expect(run.code, `${name}: ${run.stderr}`).toBe(0)
  }

  test('PostgreSQL to MySQL to SQLite, into tables that the program creates', async () => {
    await move('to-mysql', POSTGRES, MYSQL, ({ name }) => ({
      from: `official.${name}`,
      to: { table: name, create: 'if_missing' },
    }))
    await move('to-sqlite', MYSQL, SQLITE, ({ name }) => ({ from: name, to: { table: name, create: 'if_missing' } }))
    const counts = CHINOOK_TABLES.map(({ name }) => `select count(*) n from ${name}`).join(' union all ')
    expect(sqliteRows(join(folder, 'chinook.sqlite'), `select sum(n) from (${counts})`)).toEqual([[CHINOOK_ROWS]])
  })

  test.each([
    ['csv', '.csv'],
    ['jsonl', '.jsonl.gz'],
  ])('on to %s and back to PostgreSQL: every table equals the start', async (type, extension) => {
    await postgres.exec(`truncate ${CHINOOK_TABLES.map(({ name }) => name).join(', ')}`)
    expect(await differences(postgres)).not.toEqual([])
    await move(`to-${type}`, SQLITE, { type, path: type }, ({ name }) => ({ from: name, to: `${name}${extension}` }))
    const files = readdirSync(join(folder, type)).toSorted()
    expect(files).toEqual(['.etl', ...CHINOOK_TABLES.map(({ name }) => `${name}${extension}`).toSorted()])
    await move(`from-${type}`, { type }, POSTGRES, ({ name }) => ({
      from: { file: `${type}/${name}${extension}` },
      to: name,
      ...(name === 'employee' ? { key: 'employee_id', defer: ['reports_to'] } : {}),
    }))
    expect(await differences(postgres)).toEqual([])
  })
}
