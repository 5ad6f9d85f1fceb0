import { formatTable, type Table } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { quoteName, quoteNames, quoteTable } from '../core/sql.js'
import { type CheckItem, count } from './check-item.js'
import type { EntityPlan } from './plan.js'

/** What a comparison may not see, and how SQL takes it out of a text. */
const UNSEEN: ReadonlyMap<string, (sql: string) => string> = new Map([
  ['case', (sql: string) => `lower(${sql})`],
  ['trailing spaces', (sql: string) => `rtrim(${sql})`],
])

/** The parts of `Column.equates`. */
export function unseenBy(equates: string | undefined): readonly string[] {
  return equates?.split(' and ') ?? []
}

/** Can {@link checkEquated} count values that differ in nothing else? */
export function countable(unseen: readonly string[]): boolean {
  return unseen.every(part => UNSEEN.has(part))
}

/** Asks the source for values that it tells apart and a key of the target does not. */
export async function checkEquated(entity: EntityPlan, target: Table, source: Database): Promise<CheckItem[]> {
  const { read, write } = entity
  const { from } = read
  if (from.kind === 'rows' || from.kind === 'union') return []
  const { dialect } = source.connector.capabilities
  const rows = from.kind === 'table' ? quoteTable(dialect, from.table) : `(${from.query}) q`
  const where = read.where === undefined ? '' : ` where (${read.where})`
  const items: CheckItem[] = []
  for (const key of keysOf(write.match, target)) {
    const parts = key.flatMap(name => partOf(entity, target, name) ?? [])
    const unseen = [...new Set(parts.flatMap(part => part.unseen))]
    // What is made of values on the way may still tell the rows apart.
    if (unseen.length === 0 || parts.length < key.length || !countable(unseen)) continue
    const names = [...new Set(parts.map(part => part.from))]
    const given = names.map(name => `${quoteName(dialect, name)} is not null`).join(' and ')
    const values = `select distinct ${quoteNames(dialect, names)} from (select * from ${rows}${where}) r where ${given}`
    const seen = parts.map(part =>
      part.unseen.reduce((sql, each) => UNSEEN.get(each)?.(sql) ?? sql, quoteName(dialect, part.from)),
    )
    const groups = `select count(*) n from (${values}) v group by ${seen.join(', ')} having count(*) > 1`
    const doubles = await countIfComparable(source, `select count(*) from (${groups}) d`)
    const [at, differ] = [`key ${key.join(', ')} of ${formatTable(target)}`, `differ only in ${unseen.join(' and ')}`]
    const item = { where: entity.name, what: at, ok: doubles === 0 || doubles === undefined }
    if (doubles === undefined) items.push({ ...item, detail: 'the source cannot compare its values' })
    else if (doubles === 0) items.push({ ...item, detail: `no values ${differ}` })
    else {
      const detail = `${doubles === 1 ? '1 key stands' : `${doubles} keys stand`} for values that ${differ}`
      const hint = 'give the column a binary collation, or leave such rows out with `where`'
      items.push({ ...item, detail, code: 'E226', hint })
    }
  }
  return items
}

function keysOf(match: readonly string[], target: Table): readonly (readonly string[])[] {
  const keys = [match, target.primaryKey, ...target.uniques.map(unique => unique.columns)]
  return [...new Map(keys.filter(key => key.length > 0).map(key => [key.toSorted().join('\u0000'), key])).values()]
}

/** The source column that a key column's values come from as they are, and what the key does not see of them. */
function partOf({ read, program }: EntityPlan, target: Table, name: string) {
  const field = program.fields.find(each => each.target === name)
  if (field?.input.kind !== 'columns' || field.input.indexes.length !== 1) return undefined
  if (field.apply.length > 0 || (field.map ?? field.lookup ?? field.ref) !== undefined) return undefined
  const column = read.columns[field.input.indexes[0] ?? -1]
  if (column === undefined) return undefined
  const isText = column.type.kind === 'text' || column.type.kind === 'any'
  const equates = isText ? target.columns.find(each => each.name === name)?.equates : undefined
  return { from: column.name, unseen: unseenBy(equates) }
}

/** Undefined where the values are large objects of a database that does not compare them. */
async function countIfComparable(database: Database, sql: string): Promise<number | undefined> {
  const session = await database.session({ readOnly: true })
  try {
    return await count(session, sql)
  } catch (error) {
    if (error instanceof EtlError && error.code === 'E308') return undefined
    throw error
  } finally {
    await session.close()
  }
}
