import { setTimeout as sleep } from 'node:timers/promises'
import { EtlError } from '../../core/errors.js'
import type { MyConnection } from './connection.js'

const NO_SUCH_THREAD = '1094'
const NOT_OWNER = '1095'
const ENDING_MS = 5000
const LOOK_MS = 50
/** The server's clock is read in whole seconds, twice. */
const START_TOLERANCE = 3

/** Connection numbers begin anew with the server, so the second in which it began is part of the name. */
export async function sessionId(connection: MyConnection): Promise<string> {
  return `${connection.id}@${await serverStart(connection)}`
}

async function serverStart(connection: MyConnection): Promise<number> {
  const { rows: now } = await connection.run('select unix_timestamp()')
  const { rows: uptime } = await connection.run(`show global status like 'Uptime'`)
  return Math.floor(Number(now[0]?.[0])) - Number(uptime[0]?.[1])
}

/** Those of the sessions that are gone in the end. */
export async function endSessions(connection: MyConnection, ids: readonly string[]): Promise<readonly string[]> {
  const start = await serverStart(connection)
  const living = new Map(
    ids.flatMap(id => {
      const [number = '', began = ''] = id.split('@')
      return Math.abs(Number(began) - start) <= START_TOLERANCE ? [[Number(number), id] as const] : []
    }),
  )
  for (const number of living.keys()) {
    try {
      await connection.run(`kill connection ${number}`)
    } catch (error) {
      if (!(error instanceof EtlError) || (error.native !== NO_SUCH_THREAD && error.native !== NOT_OWNER)) throw error
      if (error.native === NO_SUCH_THREAD) living.delete(number)
    }
  }
  for (let waited = 0; living.size > 0; waited += LOOK_MS) {
    const { rows } = await connection.run(
      `select id from information_schema.processlist where id in (${[...living.keys()].join(', ')})`,
    )
    const there = new Set(rows.map(row => Number(row[0])))
    for (const number of living.keys()) if (!there.has(number)) living.delete(number)
    if (waited >= ENDING_MS) break
    if (living.size > 0) await sleep(LOOK_MS)
  }
  const left = new Set(living.values())
  return ids.filter(id => !left.has(id))
}
