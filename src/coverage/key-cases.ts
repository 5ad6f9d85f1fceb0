import { formatTable } from '../core/catalog.js'
import type { Database, Session } from '../core/connector.js'
import type { Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { Catalogs } from '../plan/catalogs.js'
import type { EntityPlan } from '../plan/plan.js'
import { isUnique } from '../plan/source-shape.js'
import type { Condition, Place } from './rows.js'

/** Rows of the target whose keys are asked for one by one, where it is another database than the source. */
const KEYS_ASKED = 400

/** A key of the target whose columns all come straight from columns of the source. */
export interface KnownKey {
  readonly columns: readonly string[]
  /** The source's, in the same order. */
  readonly sql: readonly string[]
  /** Decides which row is the same for ignore, upsert and update. */
  readonly isMatch: boolean
  /** The source itself keeps it unique. */
  readonly unique: boolean
}

/** The keys of the target, and those that functions stand before. */
export function keysOf(
  entity: EntityPlan,
  place: Place,
  catalogs: Catalogs,
): { readonly known: readonly KnownKey[]; readonly computed: readonly string[] } {
  const { write, program } = entity
  const lists = [write.primaryKey, ...write.uniques.map(({ columns }) => columns), write.match]
  const distinct = [
    ...new Map(lists.filter(list => list.length > 0).map(list => [list.toSorted().join('\0'), list])).values(),
  ]
  const { from } = place.read
  const table = from.kind === 'table' ? catalogs.table(place.source, from.table) : undefined
  const known: KnownKey[] = []
  const computed: string[] = []
  for (const columns of distinct) {
    if (columns.some(name => !program.fields.some(field => field.target === name))) continue
    const made = columns.map(name => {
      const field = program.fields.find(each => each.target === name)
      if (field?.input.kind !== 'columns' || field.input.indexes.length !== 1 || field.apply.length > 0)
        return undefined
      if ((field.map ?? field.lookup ?? field.ref) !== undefined) return undefined
      const index = field.input.indexes[0] ?? -1
      const column = place.column(index)
      return column === undefined ? undefined : { sql: column.sql, name: place.read.columns[index]?.name ?? '' }
    })
    const straight = made.flatMap(each => each ?? [])
    if (straight.length < columns.length) computed.push(columns.join(', '))
    else {
      const names = straight.map(({ name }) => name)
      known.push({
        columns,
        sql: straight.map(({ sql }) => sql),
        isMatch: columns.toSorted().join('\0') === write.match.toSorted().join('\0'),
        unique: entity.read.from.kind !== 'union' && table !== undefined && isUnique(table, names),
      })
    }
  }
  return { known, computed }
}

/** "The target has a row with this key already" as a condition on a source row; a text says why it cannot be asked. */
export async function existsIn(
  entity: EntityPlan,
  target: Database,
  asking: Session,
  place: Place,
): Promise<((key: KnownKey) => Promise<Condition | string>) | undefined> {
  const { write } = entity
  const rows = await asking.count({ from: { table: write.table } })
  if (rows === 0) return undefined
  const { dialect } = place.database.connector.capabilities
  if (place.database.identity.uid === target.identity.uid) {
    const table = (await target.table(write.table)) ?? write.table
    return async ({ columns, sql }) => {
      const joined = columns.map((name, i) => `t.${quoteName(dialect, name)} = ${sql[i]}`).join(' and ')
      return () => `exists (select 1 from ${quoteTable(dialect, table)} t where ${joined})`
    }
  }
  return async ({ columns, sql }) => {
    if (rows > KEYS_ASKED)
      return `${formatTable(write.table)} holds ${rows} rows, and which of them come again is not predicted`
    const held = await readKeys(entity, columns, asking)
    return bind =>
      held.map(key => `(${key.map((value, i) => `${sql[i]} = ${bind(value)}`).join(' and ')})`).join(' or ') || '1 = 0'
  }
}

async function readKeys(entity: EntityPlan, names: readonly string[], asking: Session): Promise<Value[][]> {
  const { write } = entity
  const columns = names.flatMap(name => {
    const column = write.columns.find(each => each.name === name)
    return column === undefined ? [] : [{ name, type: column.type, decode: true }]
  })
  const keys: Value[][] = []
  const spec = { from: { table: write.table }, columns, order: [], batchRows: KEYS_ASKED, batchBytes: 1 << 24 }
  for await (const { rows } of asking.read(spec, new AbortController().signal))
    keys.push(...rows.filter(row => !row.includes(null)))
  return keys
}
