import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ConnectionConfig } from '../../core/connector.js'
import type { Scratch, ScratchOptions } from '../../core/scratch.js'
import { Connection, type FileOptions } from './connection.js'
import { DEFAULT_BUSY_TIMEOUT } from './spec.js'

/** A file of its own with the statements that made the tables, indexes and views of the original. */
export async function makeScratch(
  config: ConnectionConfig,
  { name, dir, baseDir }: Pick<ScratchOptions, 'name' | 'dir' | 'baseDir'>,
): Promise<Scratch> {
  const original = resolve(baseDir, String(config.path))
  const file = join(dir, `${name}.sqlite`)
  const at = (path: string): FileOptions => ({ file: path, path, busyTimeout: DEFAULT_BUSY_TIMEOUT })
  const found = existsSync(original) ? await schemaOf(at(original)) : { statements: [], triggers: [] }
  const made = await Connection.open(at(file), false)
  try {
    for (const statement of found.statements) made.execute(statement)
  } finally {
    made.close()
  }
  return {
    config: { ...config, path: file },
    label: `file ${name}.sqlite`,
    apart: true,
    lacks: found.triggers.map(trigger => `trigger ${trigger}`),
    drop: async () => {
      for (const end of ['', '-wal', '-shm', '-journal']) await rm(file + end, { force: true })
    },
  }
}

async function schemaOf(file: FileOptions): Promise<{ statements: string[]; triggers: string[] }> {
  const connection = await Connection.open(file, true)
  try {
    // A virtual table makes the tables it keeps itself in; the database makes those of its own.
    const rows = connection.query(
      `select type, name, sql from sqlite_schema
       where sql is not null and name not like 'sqlite\\_%' escape '\\'
         and name not in (select name from pragma_table_list where type = 'shadow')
       order by case type when 'table' then 0 when 'view' then 1 else 2 end, rowid`,
    )
    return {
      statements: rows.filter(([type]) => type !== 'trigger').map(([, , sql]) => String(sql)),
      triggers: rows.filter(([type]) => type === 'trigger').map(([, name]) => String(name)),
    }
  } finally {
    connection.close()
  }
}
