import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestSchema } from '../databases/types.js'
import { runEtl, temporaryFolder } from '../support/etl.js'
import { createOracle, type OracleSchema } from '../support/tns/test-database.js'
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
  const statements = scriptOf(join(CHINOOK_DATA, 'Chinook_Oracle.sql'))
  let original: OracleSchema
  let copy: OracleSchema
  let loaded: TestSchema

  beforeAll(async () => {
    // The script inserts many rows by one VALUES, which older releases do not know.
    original = await createOracle('chinook', '23ai')
    await original.native(statements)
    copy = await createOracle('chinook_copy', '23ai')
    await copy.native(statements.filter(statement => !statement.startsWith('INSERT')))
    loaded = await officialPostgres()
    const postgres = { type: 'postgres', url: '${DATABASE_URL}' }
    const oracle = {
      type: 'oracle',
      connect_string: '${ORACLE}',
      user: '${ORACLE_USER}',
      password: '${ORACLE_PASSWORD}',
    }
    writeFileSync(
      join(folder, 'to-postgres.yaml'),
      pipeline('oracle-to-postgres', oracle, postgres, table => ({
        from: table.original.toUpperCase(),
        to: table.name,
        fields: Object.fromEntries(table.columns.map(c => [c.name, c.original.toUpperCase()])),
        ...(table.original === 'Employee' ? { defer: ['reports_to'] } : {}),
      })),
    )
    writeFileSync(
      join(folder, 'to-oracle.yaml'),
      pipeline('postgres-to-oracle', postgres, oracle, table => ({
        from: table.name,
        to: table.original.toUpperCase(),
        fields: Object.fromEntries(table.columns.map(c => [c.original.toUpperCase(), c.name])),
        ...(table.original === 'Employee' ? { defer: ['REPORTSTO'] } : {}),
      })),
    )
  })
  afterAll(async () => {
    await Promise.all([original?.drop(), copy?.drop(), loaded?.drop()])
  })

  const etl = (file: string, { config }: OracleSchema, env: Record<string, string> = {}) =>
    runEtl(['run', file, '--yes'], {
      cwd: folder,
      env: {
        DATABASE_URL: String(loaded.config.url),
        ORACLE: String(config.connect_string),
        ORACLE_USER: String(config.user),
        ORACLE_PASSWORD: String(config.password),
        ...env,
      },
    })

  test.each(['UTC', 'Pacific/Apia'])('Oracle to PostgreSQL equals the official load in %s', async TZ => {
    await loaded.exec(`truncate ${CHINOOK_TABLES.map(t => t.name).join(', ')}`)
    expect(await differences(loaded)).not.toEqual([])
    const run = await etl('to-postgres.yaml', original, { TZ })
    expect(run.code, run.stderr).toBe(0)
    expect(await differences(loaded)).toEqual([])
    expect(await rowsOf(loaded)).toBe(CHINOOK_ROWS)
  })

  test('PostgreSQL to Oracle equals the official load of Oracle', async () => {
    const run = await etl('to-oracle.yaml', copy, { TZ: 'America/St_Johns' })
    expect(run.code, run.stderr).toBe(0)
    let total = 0
    for (const table of CHINOOK_TABLES) {
      // As the server's own text, so that no conversion of the driver can hide a difference.
      const columns = table.columns.map(({ original: name }) =>
        name.endsWith('Date') ? `to_char(${name}, 'YYYY-MM-DD HH24:MI:SS')` : `to_char(${name})`,
      )
      const sql = `select ${columns.join(', ')} from ${table.original} order by 1, 2`
      const [want, have] = [await original.select(sql), await copy.select(sql)]
      expect(have, table.original).toEqual(want)
      total += have.length
    }
    expect(total).toBe(CHINOOK_ROWS)
  })
}

/** The statements of the script, without what is for SQL*Plus and for an administrator. */
function scriptOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .replaceAll(/^\/\*[\s\S]*?\*\/$/gm, '')
    .split(/;\s*$/m)
    .map(statement => statement.trim())
    .filter(statement => /^(CREATE|ALTER|INSERT)\b/.test(statement))
}
