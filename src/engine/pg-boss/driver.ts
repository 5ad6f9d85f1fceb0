import type { ConstructorOptions, PgBoss } from 'pg-boss'
import { EtlError } from '../../core/errors.js'

/** The version that is tested; others may keep their tables differently. */
export const PG_BOSS = '12.35.0'

/** Everything of the engine lies in this schema. */
export const SCHEMA = 'etl_engine'

/** Dead workers are noticed after so many seconds without a word; the least that pg-boss takes. */
export const HEARTBEAT_SECONDS = 10

export async function createBoss(url: string, options: ConstructorOptions): Promise<PgBoss> {
  const { PgBoss: Boss } = await import('pg-boss').catch((cause: unknown) => {
    throw new EtlError('E310', 'pg-boss, which hands the work to workers over PostgreSQL, is not installed', {
      kind: 'usage',
      cause,
      hint: `npm install pg-boss@${PG_BOSS}`,
    })
  })
  const boss = new Boss({
    connectionString: url,
    schema: SCHEMA,
    schedule: false,
    migrate: false,
    createSchema: false,
    ...options,
  })
  // Whoever waits for an answer hears of a broken connection; what is done in the background is tried again.
  boss.on('error', () => undefined)
  boss.on('warning', () => undefined)
  return boss
}
