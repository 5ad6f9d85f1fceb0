import pg from 'pg'
import { inject } from 'vitest'
import type { TestDatabase } from './types.js'

const raw = { getTypeParser: () => (value: string) => value }

/** One PostgreSQL database per test file: schemas, sequences and locks of two files never meet. */
export const database: TestDatabase = {
  name: 'postgres',
  create: async testId => {
    const server = inject('postgresUrl')
    const safe = testId.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
    const name = `t_${process.pid}_${Date.now().toString(36)}_${safe}`.slice(0, 63)
    await withClient(server, client => client.query(`create database "${name}" template template0`))
    const url = new URL(server)
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.href, types: raw })
    client.on('error', () => {})
    await client.connect()
    return {
      config: { type: 'postgres', url: url.href },
      baseDir: process.cwd(),
      exec: async sql => {
        await client.query(sql)
      },
      rows: async sql => (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows,
      drop: async () => {
        await client.end()
        await withClient(server, admin => admin.query(`drop database "${name}" with (force)`))
      },
    }
  },
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
