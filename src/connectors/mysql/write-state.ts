import { EtlError } from '../../core/errors.js'
import type { MyConnection } from './connection.js'

/**
 * What InnoDB says of its writers. Each transaction takes a number of the counter before its first write, so while the
 * counter stands still no new one has written.
 */
export interface WriteState {
  readonly counter: bigint
  /** Transactions that have their number already may commit without another one (inserts do, on MySQL). */
  readonly writing: boolean
}

/** Undefined where the server does not say: PROCESS is missing, or the list of transactions is cut. */
export async function writeState(connection: MyConnection): Promise<WriteState | undefined> {
  try {
    const { rows } = await connection.run('show engine innodb status')
    return parseWriteState(String(rows[0]?.[2]))
  } catch (error) {
    if (error instanceof EtlError && error.code === 'E304') return undefined
    throw error
  }
}

export function parseWriteState(status: string): WriteState | undefined {
  const counter = /^Trx id counter (\d+)$/m.exec(status)?.[1]
  if (counter === undefined || !status.includes('LIST OF TRANSACTIONS') || status.includes('... truncated...')) return
  const next = BigInt(counter)
  // Readers are shown without a number, or with one far beyond the counter.
  const writers = [...status.matchAll(/^---TRANSACTION (\d+), (?!not started)/gm)].filter(
    ([, id = '']) => BigInt(id) <= next,
  )
  return { counter: next, writing: writers.length > 0 }
}

/** Has nobody committed since? False also where that cannot be told. */
export async function isStill(connection: MyConnection, { counter, writing }: WriteState): Promise<boolean> {
  if (writing) return false
  const now = await writeState(connection).catch(() => undefined)
  return now?.counter === counter
}
