import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../bench.js'
import { measure } from '../measure.js'
import type { Path } from '../path.js'

const MEGABYTES = 100
const PIPELINE = `
version: 1
name: large
target: { type: sqlite, path: large.sqlite }
backup: { dir: backups, keep: 1 }
entities: { none: { from: { rows: [{ ID: 0 }] }, to: filler, load: ignore, fields: { id: ID } } }
`

/** A database of 100 MB saved and restored by whole commands, beside `cp`; and how long a flipped byte takes to be found. */
export const backup: Path = {
  name: 'backup',
  limit: `cp of ${MEGABYTES} MB, and sync`,
  goal: 10,
  async prepare(bench) {
    const folder = join(bench.dir, 'backup')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    const file = join(folder, 'large.sqlite')
    const { default: Database } = await import('better-sqlite3')
    const db = new Database(file)
    db.exec(`create table filler (id integer primary key, body blob);
      insert into filler with recursive n (i) as (select 1 union all select i + 1 from n where i < ${MEGABYTES * 100})
        select i, randomblob(10000) from n`)
    db.close()
    writeFileSync(join(folder, 'pipeline.yaml'), PIPELINE)
    const saved = (): string => {
      const name = readdirSync(join(folder, 'backups')).find(each => each.endsWith('.db'))
      if (name === undefined) throw new Error('there is no backup')
      return join(folder, 'backups', name)
    }
    return {
      fresh: async () => rmSync(join(folder, 'copy'), { force: true }),
      limit: () => must('sh', ['-c', 'cp large.sqlite copy && sync copy'], folder),
      ours: () => bench.command(['backup', 'pipeline.yaml', '--quiet'], folder),
      also: {
        restore: () => bench.command(['restore', saved(), 'pipeline.yaml', '--yes', '--no-backup', '--quiet'], folder),
        'a flipped byte refused': async () => {
          flip(saved())
          const refused = await measure(process.execPath, [bench.cli, 'restore', saved(), 'pipeline.yaml', '--yes'], {
            cwd: folder,
          })
          flip(saved())
          if (refused.code !== 1 || !refused.stderr.includes('E541')) throw new Error(`not found: ${refused.stderr}`)
          return refused
        },
      },
    }
  },
}

/** One bit in the middle of the file, there and back. */
function flip(file: string): void {
  const place = (MEGABYTES * 1_000_000) >> 1
  const byte = Buffer.alloc(1)
  const handle = openSync(file, 'r+')
  readSync(handle, byte, 0, 1, place)
  byte[0] = (byte[0] ?? 0) ^ 1
  writeSync(handle, byte, 0, 1, place)
  closeSync(handle)
}
