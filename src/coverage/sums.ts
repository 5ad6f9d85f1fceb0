import type { Session } from '../core/connector.js'
import { type Condition, type Place, Statement } from './rows.js'

/** Conditions on the rows of a place. */
export interface Asked {
  readonly place: Place
  readonly conditions: readonly Condition[]
}

/** How many rows each condition holds of. */
export type Sums = readonly number[]

/** How many rows each condition holds of, in one pass over each place and one statement for all of them, of one database. */
export async function sumsOf(session: Session, asked: readonly Asked[]): Promise<Sums[]> {
  const [first] = asked
  if (first === undefined) return []
  const statement = new Statement(first.place.database.connector.capabilities.dialect)
  const width = Math.max(...asked.map(({ conditions }) => conditions.length))
  const selects = asked.map(({ place, conditions }, i) => {
    const sums = Array.from({ length: width }, (_, at) => {
      const condition = conditions[at]
      return `${condition === undefined ? '0' : `sum(case when ${condition(statement.bind)} then 1 else 0 end)`} as c${at}`
    })
    return `select ${i} as i, ${sums.join(', ')} from ${place.from} r`
  })
  const rows = await session.query(selects.join(' union all '), statement.params)
  const found: Sums[] = asked.map(() => [])
  for (const [i, ...sums] of rows) found[Number(i)] = sums.map(value => Number(value ?? 0))
  return found
}
