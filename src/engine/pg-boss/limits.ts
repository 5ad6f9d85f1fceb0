import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Session } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'

const LOOK_MS = 150

/**
 * Limits that no two workers can pass: each is a number of advisory locks in the engine's database, held by a session that
 * the server ends with its worker. pg-boss's own limit of a group is counted by each fetch for itself, and passed by as many.
 */
export class Limits {
  readonly #database: Database
  readonly #idle: Session[] = []

  constructor(database: Database) {
    this.#database = database
  }

  /** Does the work as soon as every limit has room. */
  async within<T>(limits: Readonly<Record<string, number>>, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    // In one order for all, so that nobody waits for who waits for him.
    const names = Object.keys(limits).sort((a, b) => (a < b ? -1 : 1))
    if (names.length === 0) return work()
    const session = this.#idle.pop() ?? (await this.#database.session({ readOnly: false }))
    try {
      for (const name of names) await take(session, name, limits[name] ?? 1, signal)
      return await work()
    } finally {
      await this.#release(session)
    }
  }

  async close(): Promise<void> {
    for (const session of this.#idle.splice(0)) await session.close()
  }

  async #release(session: Session): Promise<void> {
    try {
      await session.query('select pg_advisory_unlock_all()::text')
      this.#idle.push(session)
    } catch {
      await session.close()
    }
  }
}

async function take(session: Session, name: string, limit: number, signal: AbortSignal): Promise<void> {
  const key = createHash('sha256').update(`etl-limit:${name}`).digest().readInt32BE(0)
  while (!signal.aborted) {
    // Row by row: with the first that is had the statement ends.
    const rows = await session.query(
      'select slot::text from generate_series(1, $2::int4) as slot where pg_try_advisory_lock($1::int4, slot) limit 1',
      [key, limit],
    )
    if (rows.length > 0) return
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
  }
  throw new EtlError('E515', 'stopped while others were at the source', { kind: 'interrupted' })
}
