import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, temporaryFolder } from '../support/etl.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from './chinook/official.js'
import { CHINOOK_TABLES, pipeline } from './chinook/pipelines.js'

if (existsSync(CHINOOK_DATA)) describe('Chinook, by the official files', roundTrip)
else {
  test(`Chinook data is not here: ${CHINOOK_DATA}`, () => {
    console.warn(`Chinook data is not here: ${CHINOOK_DATA}. The round trip over it was NOT tested.`)
    expect(existsSync(CHINOOK_DATA)).toBe(false)
  })
}

function roundTrip(): void {
  const folder = temporaryFolder()
  let original: TestSchema
  let copy: TestSchema
  let loaded: TestSchema

  beforeAll(async () => {
    const text = readFileSync(join(CHINOOK_DATA, 'Chinook_MySql.sql'), 'utf8')
    const sql = text.replaceAll(/^(DROP DATABASE|CREATE DATABASE|USE)\b.*$/gm, '')
    original = await mysql.create('chinook')
    // The file writes backslashes as they are, which the server by default takes for escapes.
    await original.exec(`set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'); ${sql}`)
    copy = await mysql.create('chinook_copy')
    await copy.exec(sql.slice(0, sql.indexOf('INSERT INTO')))
    loaded = await officialPostgres()
    const postgres = { type: 'postgres', url: '${DATABASE_URL}' }
    const maria = { type: 'mysql', url: '${MYSQL_URL}' }
    writeFileSync(
      join(folder, 'to-postgres.yaml'),
      pipeline('mysql-to-postgres', maria, postgres, ({ original: from, name: to, columns }) => ({
        from,
        to,
        fields: Object.fromEntries(columns.map(c => [c.name, c.original])),
        ...(from === 'Employee' ? { defer: ['reports_to'] } : {}),
      })),
    )
    writeFileSync(
      join(folder, 'to-mysql.yaml'),
      pipeline('postgres-to-mysql', postgres, maria, ({ original: to, name: from, columns }) => ({
        from,
        to,
        fields: Object.fromEntries(columns.map(c => [c.original, c.name])),
        ...(to === 'Employee' ? { defer: ['ReportsTo'] } : {}),
      })),
    )
  })
  afterAll(async () => {
    await Promise.all([original.drop(), copy.drop(), loaded.drop()])
  })

  const etl = (file: string, place: TestSchema, env: Record<string, string> = {}) =>
    runEtl(['run', file, '--yes'], {
      cwd: folder,
      env: { DATABASE_URL: String(loaded.config.url), MYSQL_URL: String(place.config.url), ...env },
    })

  test.each(['UTC', 'Pacific/Apia'])('MySQL to PostgreSQL equals the official load in %s', async TZ => {
    await loaded.exec(`truncate ${CHINOOK_TABLES.map(t => t.name).join(', ')}`)
    expect(await differences(loaded)).not.toEqual([])
    const run = await etl('to-postgres.yaml', original, { TZ })
    expect(run.code, run.stderr).toBe(0)
    expect(await differences(loaded)).toEqual([])
    expect(await rowsOf(loaded)).toBe(CHINOOK_ROWS)
  })

  test('PostgreSQL to MySQL equals the official file of MySQL, byte for byte', async () => {
    const run = await etl('to-mysql.yaml', copy, { TZ: 'America/St_Johns' })
    expect(run.code, run.stderr).toBe(0)
    const names = await Promise.all(
      [original, copy].map(async place => String((await place.rows('select database()'))[0])),
    )
    for (const table of CHINOOK_TABLES) {
      // Compared as bytes: by their collation 'a' and 'Á' are the same text.
      const columns = table.columns.map(c => `cast(\`${c.original}\` as binary)`).join(', ')
      const only = async (a: number, b: number): Promise<unknown> => {
        const side = (i: number): string => `select ${columns} from \`${names[i]}\`.\`${table.original}\``
        return (await copy.rows(`select count(*) from (${side(a)} except all ${side(b)}) d`))[0]?.[0]
      }
      expect([table.original, String(await only(0, 1)), String(await only(1, 0))]).toEqual([table.original, '0', '0'])
    }
    const counts = await copy.rows(
      CHINOOK_TABLES.map(t => `select count(*) from \`${t.original}\``).join(' union all '),
    )
    expect(counts.reduce((sum, [n]) => sum + Number(n), 0)).toBe(CHINOOK_ROWS)
  })
}
