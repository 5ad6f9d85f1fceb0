import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Driver from 'better-sqlite3'
import type { TestDatabase } from './types.js'

export const database: TestDatabase = {
  name: 'sqlite',
  create: async testId => {
    const baseDir = await mkdtemp(join(tmpdir(), `etl-${testId}-`))
    const path = 'data.sqlite'
    const open = () => {
      const db = new Driver(join(baseDir, path), { timeout: 5000 })
      db.pragma('foreign_keys = ON')
      return db
    }
    open().exec('vacuum').close()
    return {
      config: { type: 'sqlite', path },
      baseDir,
      exec: async sql => {
        const db = open()
        try {
          db.exec(sql)
        } finally {
          db.close()
        }
      },
      rows: async sql => {
        const db = open()
        try {
          return db.prepare<unknown[], unknown[]>(sql).raw(true).all()
        } finally {
          db.close()
        }
      },
      drop: () => rm(baseDir, { recursive: true, force: true }),
    }
  },
}
