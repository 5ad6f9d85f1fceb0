import { type Cell, clockText, digest, insertRows, numbers, sqlOf } from '../rows.js'
import type { Built, Place, System } from '../system.js'

const METHODS = ['manual', 'scheduled', 'auto', 'disaster', 'pitr']

/** One Django database with both tables; three rows were moved by hand before. */
export const restorelog: System = {
  name: 'restorelog',
  claim: 'none',
  build: async ({ random, scale, database }: Place): Promise<Built> => {
    const app = await database()
    const insert = (table: string, columns: string, rows: readonly (readonly Cell[])[]): Promise<void> =>
      insertRows(app.exec, table, columns.split(' '), rows)
    await app.exec(sqlOf('restorelog/schema.sql'))
    await insert('auth_user', 'username', [['root'], ['ops'], ['cron']])
    await insert(
      'database_management_backup',
      'name',
      numbers(20).map(n => [`backup ${n}`]),
    )
    const maybe = (value: Cell): Cell => (random.chance(0.25) ? null : value)
    await insert(
      'database_management_restorelog',
      'name source_backup_id restore_method status target_database started_at completed_at duration_seconds message created_by_id created_at updated_at',
      numbers(500 * scale).map(n => {
        const created = `${clockText(n * 13)}.${String(random.int(0, 999_999)).padStart(6, '0')}`
        const failed = random.chance(0.1)
        return [
          // Every 50th is there twice: the same name at the same moment.
          n % 50 === 0 ? `restore ${n - 1}` : `restore ${n}`,
          maybe(random.int(1, 20)),
          n === 77 ? 'by hand, do not repeat' : random.pick(METHODS),
          failed ? 'failed' : random.pick(['completed', 'completed', 'running']),
          `app_${random.int(1, 4)}`,
          maybe(`${created}+00`),
          maybe(`${created}+09`),
          maybe(random.int(0, 4000)),
          failed ? `could not connect; it's "down"\n` : maybe(''),
          maybe(random.int(1, 3)),
          n % 50 === 0 ? EQUAL : `${created}+00`,
          `${created}+00`,
        ]
      }),
    )
    // What is equal in name and moment; written afterwards, as the moment of the row before is random.
    await app.exec(`update database_management_restorelog b set created_at = a.created_at
      from database_management_restorelog a where b.id % 50 = 0 and a.id = b.id - 1`)
    await app.exec(`insert into system_backups_restorelog (name, restore_type, trigger_type, status, target_database, is_overwrite, started_at,
        completed_at, duration_seconds, message, created_at, updated_at, source_backup_id, created_by_id)
      select name, 'database', case restore_method when 'manual' then 'manual' when 'scheduled' then 'automatic' when 'auto' then 'automatic' else 'recovery' end,
        status, target_database, false, started_at, completed_at, duration_seconds, message, created_at, updated_at, source_backup_id, created_by_id
      from database_management_restorelog where id in (5, 6, 7)`)
    return {
      env: { DATABASE_URL: app.url },
      state: async () => digest(await app.rows('select t::text from system_backups_restorelog t order by id')),
    }
  },
}

const EQUAL = '1970-01-01 00:00:00+00'
