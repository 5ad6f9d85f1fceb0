import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Path } from '../path.js'

const ROWS = 50
const MEGABYTES = 20
const TABLE = 'drop table if exists lobs; create table lobs (id bigint primary key, content bytea)'

/** Few rows, each of 20 MB: memory is bound by bytes, not by rows. */
export const lobs: Path = {
  name: 'lobs',
  limit: `\\copy of the finished file, ${ROWS} rows of ${MEGABYTES} MB`,
  goal: 3,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const file = join(bench.dir, 'lobs.sqlite')
    if (!existsSync(file)) {
      const { default: Database } = await import('better-sqlite3')
      const db = new Database(file)
      db.exec('create table lobs (id integer primary key, content blob)')
      const insert = db.prepare(`insert into lobs (content) values (randomblob(${MEGABYTES}000000))`)
      for (let i = 0; i < ROWS; i++) insert.run()
      db.close()
    }
    const yaml = `version: 1
name: lobs
sources: { old: { type: sqlite, path: ${JSON.stringify(file)} } }
target: { type: postgres, url: ${JSON.stringify(url)} }
entities:
  lobs: { from: lobs, to: lobs, fields: { id: id, content: content } }
`
    const finished = join(bench.dir, 'lobs.tsv')
    await bench.freshPostgres(TABLE)
    await bench.etl(yaml)
    await bench.psql(`\\copy lobs to '${finished}'`)
    return {
      fresh: () => bench.freshPostgres(TABLE),
      limit: () => bench.psql(`\\copy lobs from '${finished}'`),
      ours: () => bench.etl(yaml),
    }
  },
}
