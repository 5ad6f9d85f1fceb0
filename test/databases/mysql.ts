import type { RowDataPacket } from 'mysql2/promise'
import mysql from 'mysql2/promise'
import { inject } from 'vitest'
import { askForServer } from '../support/mysql-on-demand.js'
import { minimalRole } from './minimal-roles.js'
import type { TestDatabase } from './types.js'

/** One MariaDB database per test file; the server starts when the first file asks for one. */
export const database: TestDatabase = {
  name: 'mysql',
  create: async (testId, login) => {
    const server = await askForServer(inject('mysqlSocket'))
    const safe = testId.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
    const name = `t_${process.pid}_${Date.now().toString(36)}_${safe}`.slice(0, 64)
    const options = { multipleStatements: true, rowsAsArray: true, dateStrings: true, charset: 'utf8mb4' }
    const big = { supportBigNumbers: true, bigNumberStrings: true }
    const admin = await mysql.createConnection({ uri: server, ...options })
    await admin.query(`create database \`${name}\` character set utf8mb4`)
    const role = minimalRole(`\`${name}\``, ['mysql-target', 'mysql-create', 'mysql-backup', 'mysql-snapshot'], login)
    if (role !== undefined) await admin.query(role.statements.join(';'))
    await admin.end()
    const url = new URL(server)
    url.pathname = `/${name}`
    const connection = await mysql.createConnection({ uri: url.href, ...options, ...big, timezone: 'Z' })
    await connection.query(`set time_zone = '+00:00', sql_mode = concat(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')`)
    return {
      config: { type: 'mysql', url: role?.url(url) ?? url.href },
      baseDir: process.cwd(),
      exec: async sql => {
        await connection.query(withoutForeignSql(sql))
      },
      rows: async sql => (await connection.query<RowDataPacket[]>(sql))[0] as unknown[][],
      drop: async () => {
        await connection.query(`drop database \`${name}\``)
        if (role !== undefined) await connection.query(`drop user ${role.name}`)
        await connection.end()
      },
    }
  },
}

/** MariaDB has neither partial nor expression indexes: what is not there cannot be mistaken for a key. */
function withoutForeignSql(sql: string): string {
  return sql.replaceAll(/create unique index \w+ on \w+ \((?:\w+\) where [^;]*|\w+\(\w+\)\));/g, '')
}
