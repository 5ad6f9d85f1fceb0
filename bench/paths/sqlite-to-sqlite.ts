import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../bench.js'
import { pipelineYaml, SQLITE_FINISHED, sqliteLegacy } from '../dataset.js'
import type { Path } from '../path.js'

export const sqliteToSqlite: Path = {
  name: 'sqlite-to-sqlite',
  limit: 'insert … select over ATTACH',
  goal: 3,
  async prepare(bench) {
    const path = await bench.sqlite()
    const file = join(bench.dir, 'target.sqlite')
    const { default: Database } = await import('better-sqlite3')
    const options = { source: { type: 'sqlite', path }, target: { type: 'sqlite', path: file } }
    const copy = [
      `const db = new (require('better-sqlite3'))(process.argv[1])`,
      `db.prepare('attach ? as old').run(process.argv[2])`,
      `db.exec('insert into copied select * from old.orders')`,
    ].join('\n')
    return {
      fresh: async () => {
        for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
        const db = new Database(file)
        db.pragma('journal_mode = wal')
        db.exec(`${SQLITE_FINISHED}; ${sqliteLegacy('copied')}`)
        db.close()
      },
      limit: () => must(process.execPath, ['-e', copy, file, path], process.cwd()),
      ours: () => bench.etl(pipelineYaml({ ...options, undo: false })),
      also: { 'undo recorded': () => bench.etl(pipelineYaml({ ...options, undo: true })) },
    }
  },
}
