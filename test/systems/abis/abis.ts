import { join } from 'node:path'
import oracledb from 'oracledb'
import { Random } from '../../support/random.js'
import { sqliteExec } from '../../support/sqlite.js'
import { createOracle } from '../../support/tns/test-database.js'
import { type Cell, digest, insertRows, sqlOf } from '../rows.js'
import type { Built, Place, System } from '../system.js'
import { ABIS, type AbisTable } from './tables.js'

const BATCH = 2000
const SEED = 11

/** The plant's tables, in the protocol server of the tests (or a real Oracle, by ETL_TEST_ORACLE_URL), and the Django target. */
export const abis: System = {
  name: 'abis',
  claim: '12–15 min',
  build: async (place: Place): Promise<Built> => {
    const oracle = await createOracle('abis')
    const { user, password, connect_string } = oracle.config as Record<string, unknown>
    await oracle.native(ABIS.map(table => createTable(table, 'primary key')))
    const connection = await oracledb.getConnection({
      user,
      password,
      connectString: connect_string,
    } as oracledb.ConnectionAttributes)
    for (const table of ABIS) {
      const rows = [...rowsOf(table, place.scale)].map(row => row.map(cell => (cell === null ? null : String(cell))))
      const values = table.columns.map(([, type], i) =>
        type === 'DATE' ? `to_date(:${i + 1}, 'YYYY-MM-DD HH24:MI:SS')` : `:${i + 1}`,
      )
      for (let from = 0; from < rows.length; from += BATCH) {
        await connection.executeMany(
          `insert into ${table.name} values (${values.join(', ')})`,
          rows.slice(from, from + BATCH),
          {
            bindDefs: table.columns.map(() => ({ type: oracledb.STRING, maxSize: 400 })),
          },
        )
      }
    }
    await connection.commit()
    await connection.close()
    const target = await openTarget(place)
    const env = { ORACLE_CONNECT: String(connect_string), ORACLE_USER: String(user), ORACLE_PASSWORD: String(password) }
    return { ...target, env: { ...env, ...target.env }, close: oracle.drop }
  },
}

/** The same rows in an SQLite copy, for `--profile rehearsal`. */
export const abisRehearsal: System = {
  name: 'abis',
  claim: '12–15 min',
  flags: ['--profile', 'rehearsal'],
  build: async (place: Place): Promise<Built> => {
    const file = join(place.dir, 'abis.sqlite')
    for (const table of ABIS) {
      sqliteExec(file, createTable(table, 'primary key'))
      await insertRows(
        sql => sqliteExec(file, sql),
        table.name,
        table.columns.map(([name]) => name),
        rowsOf(table, place.scale),
      )
    }
    const target = await openTarget(place)
    return { ...target, env: { ABIS_COPY: file, ...target.env } }
  },
}

async function openTarget(place: Place): Promise<Built> {
  const target = await place.database()
  await target.exec(sqlOf('abis/target.sql'))
  const tables = ['shipping_carrier', 'production_line', 'customers_customer', 'inventory_coil', 'production_job']
    .concat('inventory_skid', 'quality_qaresult', 'shipping_shipment')
    .map(
      table =>
        `select '${table}', count(*), md5(string_agg(t::text, '|' order by t::text collate "C")) from ${table} t`,
    )
  return {
    env: { DATABASE_URL: target.url },
    // The members of a union come in any order where several processes read them.
    state: async () => digest(await target.rows(`${tables.join(' union all ')} order by 1`)),
  }
}

function createTable(table: AbisTable, key: string): string {
  return `create table ${table.name} (${table.columns.map(([name, type], i) => `${name} ${type}${i === 0 ? ` ${key}` : ''}`).join(', ')})`
}

export function countOf(table: string, scale: number): number {
  const found = ABIS.find(({ name }) => name === table)
  if (found === undefined) throw new Error(`no table ${table}`)
  return Math.ceil(found.rows * scale)
}

/** The same rows for the same scale, wherever they go. */
function* rowsOf(table: AbisTable, scale: number): Generator<readonly Cell[]> {
  const random = new Random(SEED + ABIS.indexOf(table))
  const count = countOf(table.name, scale)
  for (let n = 1; n <= count; n++) yield table.row(n, random, name => countOf(name, scale))
}
