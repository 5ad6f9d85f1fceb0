import type { Database, ReadColumn, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { CheckRows } from '../plan/plan.js'
import type { CheckRule } from '../spec/model.js'
import { plainText, toBig } from '../transforms/decimal.js'
import { failingRows, type RowRule } from './failing-rows.js'
import { SHOWN_KEYS } from './result.js'
import { type Scanned, shownKey } from './scan.js'

/** Columns of the user's own query that name an offender. */
const QUERY_COLUMNS = 4

/** Counts what breaks the rule, and names the first ones, in the database itself. */
export async function askRows(
  rule: RowRule,
  rows: CheckRows & { readonly kind: 'sql' },
  database: Database,
  session: Session,
  signal: AbortSignal,
): Promise<Scanned> {
  const query = failingRows(rule, rows, database.connector.capabilities.dialect)
  return countAndName(query, rows.shown, session, signal)
}

/** The same of a query that the user wrote. */
export async function askQuery(
  query: string,
  database: Database,
  session: Session,
  signal: AbortSignal,
): Promise<Scanned> {
  const columns = (await database.describe(query)).slice(0, QUERY_COLUMNS)
  const shown = columns.map(({ name, type }) => ({ name, type, decode: true }))
  return countAndName(query, shown, session, signal)
}

async function countAndName(
  query: string,
  shown: readonly ReadColumn[],
  session: Session,
  signal: AbortSignal,
): Promise<Scanned> {
  const count = await session.count({ from: { query } })
  if (count === 0 || shown.length === 0) return { count, keys: [] }
  const keys: string[] = []
  const spec = {
    from: { query },
    columns: shown,
    order: shown.map((_, index) => ({ index, nullable: true })),
    limit: SHOWN_KEYS,
    batchRows: SHOWN_KEYS,
    batchBytes: 1 << 20,
  }
  const names = shown.map(({ name }) => name)
  for await (const { rows } of session.read(spec, signal)) keys.push(...rows.map(row => shownKey(names, row)))
  return { count, keys }
}

/** Whether the one value of a query is what it must be. */
export async function askValue(
  { sql, expect = {} }: CheckRule & { readonly kind: 'sql' },
  session: Session,
): Promise<{ readonly ok: boolean; readonly value: Value; readonly expected: string }> {
  const rows = await session.query(sql)
  if (rows.length !== 1 || rows[0]?.length !== 1)
    throw new EtlError('E308', `the query gives ${rows.length} rows where one value is expected`)
  const value = rows[0][0] ?? null
  if ('value' in expect) return { ok: same(value, expect.value), value, expected: String(expect.value) }
  return within(value, expect)
}

/** Whether a number lies between bounds. */
export function within(
  value: Value,
  { equals, min, max }: { readonly equals?: number; readonly min?: number; readonly max?: number },
): { readonly ok: boolean; readonly value: Value; readonly expected: string } {
  const number = value === null || plainText(String(value)) === undefined ? undefined : toBig(String(value))
  const ok =
    number !== undefined &&
    (equals === undefined || number.eq(equals)) &&
    (min === undefined || number.gte(min)) &&
    (max === undefined || number.lte(max))
  const words = [
    ...(equals === undefined ? [] : [String(equals)]),
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ]
  return { ok, value, expected: words.join(' and ') }
}

/** Numbers by what they are worth, whatever the database wraps them in; truth as 1 where it is a number there. */
function same(value: Value, expected: Value): boolean {
  if (value === null || expected === null) return value === expected
  if (typeof expected === 'boolean' && typeof value !== 'boolean') return same(value, Number(expected))
  const [a, b] = [plainText(String(value)), plainText(String(expected))]
  return a !== undefined && b !== undefined ? toBig(a).eq(toBig(b)) : String(value) === String(expected)
}
