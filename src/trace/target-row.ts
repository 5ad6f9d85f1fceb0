import { formatTable } from '../core/catalog.js'
import type { Database, Session } from '../core/connector.js'
import type { Value } from '../core/row.js'
import type { EntityPlan } from '../plan/plan.js'
import { rowsByKey } from '../run/keyed-rows.js'
import type { Ledger } from '../run/ledger.js'
import { canonicalOf as canonicalValue } from '../run/reject-key.js'
import { canonicalOf } from '../transforms/canonical.js'
import { rowKey } from '../verify/key.js'
import type { RowTrace } from './api.js'

export interface TargetOf {
  readonly entity: EntityPlan
  readonly target: Database
  readonly session: Session
  readonly ledger: Ledger | undefined
  readonly pipeline: string
  /** Source key as text. */
  readonly key: string
  /** What a run of today would write, as far as it is known. */
  readonly made: ReadonlyMap<string, Value>
}

/** The row of the target that the source row became. */
export async function targetRow(of: TargetOf): Promise<RowTrace['target']> {
  const { entity, target, session, made } = of
  const table = formatTable(entity.write.table)
  if (target.connector.capabilities.files === true) return { table, note: 'files of the target are not read' }
  const found = await target.table(entity.write.table)
  if (found === undefined) return { table, note: 'the table is not there yet' }
  const key = await targetKey(of)
  if (typeof key === 'string') return { table, note: key }
  const columns = found.columns.map(({ name, type }) => ({ name, type, decode: true }))
  const indexes = key.columns.map(({ name }) => found.columns.findIndex(column => column.name === name))
  const { rows } = await rowsByKey(session, { table: entity.write.table, columns, key: indexes }, [key.values], false)
  const [row] = rows
  const words = key.columns.map(({ name }, i) => `${name} ${String(key.values[i])}`).join(', ')
  if (row === undefined) return { table, note: `no row has ${words}` }
  return {
    table,
    row: found.columns.map(({ name, type }, i) => {
      const value = row[i] ?? null
      const wanted = made.get(name)
      return { name, value, differs: wanted !== undefined && !same(wanted, value, canonicalOf(type, false)) }
    }),
    ...(rows.length > 1 ? { note: `${rows.length} rows have ${words}; this is the first` } : {}),
  }
}

function same(a: Value, b: Value, text: ReturnType<typeof canonicalOf>): boolean {
  return a === null || b === null ? a === b : text(a) === text(b)
}

type Key = { readonly columns: EntityPlan['write']['columns']; readonly values: readonly Value[] }

/** Undefined where nothing tells which row it is: why. */
async function targetKey({ entity, session, ledger, pipeline, key, made }: TargetOf): Promise<Key | string> {
  const usable = new Set(made.keys())
  const { kind, columns } = rowKey(entity, usable, ledger !== undefined)
  if (kind === 'identity' && ledger !== undefined) {
    const [noted] = (await ledger.exists()) ? await ledger.identities.stored(session, pipeline, entity.name, [key]) : []
    const [column] = columns
    if (noted === undefined || column === undefined) return 'the ledger knows no row that it became'
    return { columns, values: [canonicalValue(noted[1], column.type)] }
  }
  if (made.size === 0) return 'without the source row nothing tells which of its rows it became'
  if (kind === 'row') return 'nothing tells which of its rows it became: no key is made by the fields'
  const values = columns.map(({ name }) => made.get(name) ?? null)
  return values.includes(null) ? 'its key is null' : { columns, values }
}
