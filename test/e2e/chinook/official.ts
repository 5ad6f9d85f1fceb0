import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { database as postgres } from '../../databases/postgres.js'
import type { TestSchema } from '../../databases/types.js'
import { ROOT } from '../../support/etl.js'
import { CHINOOK_TABLES } from './pipelines.js'

export const CHINOOK_DATA = join(ROOT, '../shared/data/chinook')
export const CHINOOK_ROWS = 15_607

/** The official load in schema `official`, the same tables with the same constraints and nothing in them in `public`. */
export async function officialPostgres(): Promise<TestSchema> {
  const place = await postgres.create('chinook')
  const lines = readFileSync(join(CHINOOK_DATA, 'Chinook_PostgreSql.sql'), 'utf8').split('\n')
  // N'…' is of type bpchar in PostgreSQL: it would cut the blanks that a few addresses end with.
  const sql = lines
    .filter(line => !/^(\\c|CREATE DATABASE|DROP DATABASE)\b/i.test(line))
    .join('\n')
    .replaceAll(/N?('(?:[^']|'')*')/g, '$1')
  await place.exec(`create schema official; set search_path = official; ${sql}; set search_path = public`)
  await place.exec(sql.slice(0, sql.indexOf('INSERT INTO')))
  return place
}

/** What `public` has and `official` has not, and the other way round, by table. */
export async function differences(place: TestSchema): Promise<string[]> {
  const found: string[] = []
  for (const { name } of CHINOOK_TABLES) {
    for (const [a, b] of [
      ['official', 'public'],
      ['public', 'official'],
    ]) {
      const rows = await place.rows(
        `select count(*) from (select * from ${a}.${name} except all select * from ${b}.${name}) d`,
      )
      if (rows[0]?.[0] !== '0') found.push(`${name}: ${rows[0]?.[0]} rows only in ${a}`)
    }
  }
  return found
}

/** Rows of all tables together, in the PostgreSQL form. */
export async function rowsOf(place: TestSchema): Promise<number> {
  const counts = await place.rows(CHINOOK_TABLES.map(t => `select count(*) from ${t.name}`).join(' union all '))
  return counts.reduce((sum, [n]) => sum + Number(n), 0)
}
