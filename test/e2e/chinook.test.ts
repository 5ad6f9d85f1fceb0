import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestSchema } from '../databases/types.js'
import { runEtl, sqliteExec, sqliteRows, temporaryFolder, withSqlite } from '../support/etl.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from './chinook/official.js'
import { CHINOOK_TABLES, type ChinookTable, toPostgres, toSqlite } from './chinook/pipelines.js'

const ORIGINAL = join(CHINOOK_DATA, 'Chinook_Sqlite.sqlite')

if (existsSync(CHINOOK_DATA)) describe('Chinook, by the official files', roundTrip)
else {
  test(`Chinook data is not here: ${CHINOOK_DATA}`, () => {
    console.warn(`Chinook data is not here: ${CHINOOK_DATA}. The round trip over it was NOT tested.`)
    expect(existsSync(CHINOOK_DATA)).toBe(false)
  })
}

function roundTrip(): void {
  const folder = temporaryFolder()
  let loaded: TestSchema

  beforeAll(async () => {
    loaded = await officialPostgres()
    cpSync(ORIGINAL, join(folder, 'chinook.sqlite'))
    writeFileSync(join(folder, 'to-postgres.yaml'), toPostgres())
    writeFileSync(join(folder, 'to-sqlite.yaml'), toSqlite())
  })
  afterAll(() => loaded.drop())

  const etl = (file: string, env: Record<string, string> = {}) =>
    runEtl(['run', file, '--yes'], {
      cwd: folder,
      env: { DATABASE_URL: String(loaded.config.url), CHINOOK_COPY: 'copy.sqlite', ...env },
    })

  test('SQLite to PostgreSQL equals the official load, row for row, both ways', async () => {
    expect(CHINOOK_TABLES).toHaveLength(11)
    expect(await differences(loaded)).not.toEqual([])
    const run = await etl('to-postgres.yaml')
    expect(run.code, run.stderr).toBe(0)
    expect(await differences(loaded)).toEqual([])
    expect(await rowsOf(loaded)).toBe(CHINOOK_ROWS)
    const constraints = `select count(*) from pg_constraint c join pg_class t on t.oid = c.conrelid
      join pg_namespace n on n.oid = t.relnamespace where c.contype = 'f' and c.convalidated and n.nspname = 'public'
      and t.relname not like 'etl%'`
    expect(await loaded.rows(constraints)).toEqual([['11']])
  })

  test('the same from another time zone and locale', async () => {
    await loaded.exec(`truncate ${CHINOOK_TABLES.map(t => t.name).join(', ')}`)
    const run = await etl('to-postgres.yaml', { TZ: 'Pacific/Chatham', PGTZ: 'Asia/Kolkata', LC_ALL: 'de_DE.UTF-8' })
    expect(run.code, run.stderr).toBe(0)
    expect(await differences(loaded)).toEqual([])
  })

  test.each([
    ['UTC', 'utc.sqlite'],
    ['America/St_Johns', 'st-johns.sqlite'],
  ])('PostgreSQL to SQLite equals the original file, values and storage classes, in %s', async (TZ, copy) => {
    withSqlite(join(folder, 'chinook.sqlite'), db => {
      const ddl = db
        .prepare("select sql from sqlite_master where sql is not null order by type = 'index'")
        .pluck()
        .all()
      sqliteExec(join(folder, copy), `pragma foreign_keys = off; ${ddl.join('; ')}`)
    })
    const run = await etl('to-sqlite.yaml', { TZ, CHINOOK_COPY: copy })
    expect(run.code, run.stderr).toBe(0)
    expect(fileDifferences(join(folder, copy))).toEqual([])
    expect(sqliteRows(join(folder, copy), 'pragma foreign_key_check')).toEqual([])
    const counts = CHINOOK_TABLES.map(t => `select count(*) n from "${t.original}"`).join(' union all ')
    expect(sqliteRows(join(folder, copy), `select sum(n) from (${counts})`)).toEqual([[CHINOOK_ROWS]])
  })

  function fileDifferences(copy: string): string[] {
    return withSqlite(copy, db => {
      db.prepare('attach ? as original').run(ORIGINAL)
      const only = (table: ChinookTable, a: string, b: string): number => {
        const columns = table.columns.flatMap(c => [`"${c.original}"`, `typeof("${c.original}")`]).join(', ')
        const side = (schema: string): string => `select ${columns} from ${schema}."${table.original}"`
        return db
          .prepare(`select count(*) from (${side(a)} except ${side(b)})`)
          .pluck()
          .get() as number
      }
      return CHINOOK_TABLES.flatMap(table => [
        ...(only(table, 'main', 'original') > 0 ? [`${table.original}: rows only in the copy`] : []),
        ...(only(table, 'original', 'main') > 0 ? [`${table.original}: rows only in the original`] : []),
      ])
    })
  }
}
