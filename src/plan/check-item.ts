import type { ErrorCode } from '../core/codes.js'
import type { Session } from '../core/connector.js'

/** One thing that was looked at. */
export interface CheckItem {
  /** A source, `target`, or an entity. */
  readonly where: string
  readonly what: string
  readonly ok: boolean
  readonly detail?: string
  readonly code?: ErrorCode
  readonly hint?: string
}

/** The number that a query gives. */
export async function count(session: Session, sql: string): Promise<number> {
  const [row] = await session.query(sql)
  return Number(row?.[0] ?? 0)
}
