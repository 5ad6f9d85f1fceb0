import type { Column, Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import { formatType } from '../core/types.js'
import type { ColumnProfile, TableProfile } from '../inspect/api.js'
import { wordsOf } from '../inspect/names.js'
import { isNeeded, matchColumns } from './match-columns.js'
import { matchTables } from './match-tables.js'
import { newTable } from './new-table.js'
import { orderOf } from './order.js'
import { DECIDE, type EntityProposal, type MapProposal, type Proposal, type Side } from './proposal.js'
import { proposeField } from './propose-field.js'
import { linksOf, matchByReference, type Pair } from './references.js'

/**
 * What a pipeline from the one to the other could be. Pure: the same sides give the same proposal. A target without
 * tables gets them made after those of the source.
 */
export function propose(source: Side, target: Side): Proposal {
  const creates = target.tables.length === 0
  const wanted = creates ? source.tables.map(table => newTable(table, target)) : target.tables
  const matched = creates
    ? source.tables.map((from, i) => ({ from, to: wanted[i] as Table, score: 1 }))
    : matchTables(source.tables, wanted)
  const pairs = named(matched).map(pair => {
    const columns = matchColumns(pair.from, pair.to)
    const all = [...columns, ...matchByReference({ ...pair, columns }, matched)]
    return { ...pair, columns: all.toSorted((a, b) => pair.to.columns.indexOf(a.to) - pair.to.columns.indexOf(b.to)) }
  })
  const links = new Map(pairs.map(pair => [pair.entity, linksOf(pair, pairs, source.references)]))
  const inSourceOrder = source.tables.flatMap(table => pairs.filter(({ from }) => from === table))
  const order = orderOf(
    inSourceOrder.map(({ entity }) => entity),
    links,
  )
  const maps: MapProposal[] = []
  const entities = order.names.flatMap(name => {
    const pair = pairs.find(({ entity }) => entity === name)
    if (pair === undefined) return []
    return [
      entityOf(pair, {
        source,
        target,
        creates,
        links: links.get(name) ?? [],
        defer: order.defer.get(name) ?? [],
        maps,
      }),
    ]
  })
  const left = (tables: readonly Table[], side: 'from' | 'to') =>
    tables.filter(table => !matched.some(match => match[side] === table))
  return {
    maps,
    entities,
    sourceLeft: left(source.tables, 'from').map(
      table => `${nameIn(source, table)}${rowsOf(source, table)}${likeOf(source, table, matched)}`,
    ),
    targetLeft: creates ? [] : left(target.tables, 'to').map(table => nameIn(target, table)),
  }
}

/** Two generations of one thing: the table that is read has a sister. */
function likeOf(source: Side, table: Table, matched: readonly { readonly from: Table }[]): string {
  const name = formatTable(table)
  const like = source.alike.find(({ tables: pair }) => pair.includes(name))
  const other = like?.tables.find(each => each !== name)
  const isRead = matched.some(({ from }) => formatTable(from) === other)
  return isRead ? `, much like ${other}: from: { union: [ … ] } reads both` : ''
}

interface Around {
  readonly source: Side
  readonly target: Side
  readonly creates: boolean
  readonly links: ReturnType<typeof linksOf>
  readonly defer: readonly string[]
  readonly maps: MapProposal[]
}

function entityOf(pair: Pair, { source, target, creates, links, defer, maps }: Around): EntityProposal {
  const profile = source.profiles.get(formatTable(pair.from))
  const isFile = target.capabilities.files === true
  const key = keyOf(pair.from, profile, source.capabilities.files === true)
  const fields = pair.columns.map(match => {
    const link = links.find(({ target: column }) => column === match.to.name)
    const { newMap, ...field } = proposeField(match, {
      profile: columnProfile(profile, match.from.name),
      mapName: freeName(
        `${pair.entity}_${identifier(match.to.name)}`,
        maps.map(({ name }) => name),
      ),
      isKey: [...pair.from.primaryKey, ...(key?.columns ?? [])].includes(match.from.name),
      ...(link?.asRef === true && !isFile ? { ref: link } : {}),
    })
    if (newMap !== undefined) maps.push(newMap)
    const stuck = link?.entity === pair.entity && !link.nullable
    return stuck ? { ...field, notes: [...field.notes, `${DECIDE}rows refer to rows of their own table`] } : field
  })
  const alike = pair.score === 1 ? '' : `; ${pair.from.table} ~ ${pair.to.table} ${pair.score.toFixed(2)}`
  return {
    name: pair.entity,
    source: pair.from,
    from: nameIn(source, pair.from),
    to: nameIn(target, pair.to),
    create: creates && !isFile,
    note: `${pair.score < 0.85 && pair.score < 1 ? DECIDE : ''}${rowsOf(source, pair.from)
      .trim()
      .replace(/^\(|\)$/g, '')}${alike}`,
    ...(key === undefined ? {} : { key: key.columns, keyNote: key.note }),
    fields,
    defer: isFile ? [] : defer,
    left: [...targetLeft(pair), ...sourceLeft(pair, profile)],
  }
}

/** Names of entities are those of the target's tables, in a form that the language takes; none twice. */
function named<T extends { readonly to: Table }>(matches: readonly T[]): (T & { readonly entity: string })[] {
  const taken: string[] = []
  return matches.map(match => {
    const entity = freeName(identifier(match.to.table), taken)
    taken.push(entity)
    return { ...match, entity }
  })
}

export function identifier(name: string): string {
  const text = wordsOf(name)
    .join('_')
    .normalize('NFKD')
    .replace(/[^a-z0-9_]/g, '')
  return /^[a-z_]/.test(text) ? text.slice(0, 60) : `t_${text}`.slice(0, 60)
}

function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name
  let number = 2
  while (taken.includes(`${name}_${number}`)) number++
  return `${name}_${number}`
}

function keyOf(
  table: Table,
  profile: TableProfile | undefined,
  isFile: boolean,
): { readonly columns: readonly string[]; readonly note: string } | undefined {
  if (table.primaryKey.length > 0 || isFile) return undefined
  const notNull = (name: string): boolean => table.columns.some(column => column.name === name && !column.nullable)
  const unique = table.uniques.find(({ columns }) => columns.every(notNull))
  if (unique !== undefined) return { columns: unique.columns, note: 'no primary key; unique' }
  const rows = profile?.rows ?? 0
  const telling = profile?.columns.find(({ nulls, distinct }) => rows > 0 && nulls === 0 && distinct === rows)
  if (telling === undefined) return undefined
  return { columns: [telling.name], note: `${DECIDE}no primary key; no value comes twice in ${rows} rows today` }
}

function targetLeft({ to, columns }: Pair): string[] {
  return to.columns
    .filter(column => column.pseudo !== true && !columns.some(match => match.to === column))
    .map(
      column => `${isNeeded(column) ? `${DECIDE}the target needs a value: ` : 'no partner: '}${targetColumn(column)}`,
    )
}

function targetColumn(column: Column): string {
  const by = column.generated === undefined ? (column.hasDefault ? ', the database has a default' : '') : ', generated'
  return isNeeded(column)
    ? `${column.name}: { value: … } (${formatType(column.type)})`
    : `${column.name} (${formatType(column.type)}${by})`
}

function sourceLeft({ from, columns }: Pair, profile: TableProfile | undefined): string[] {
  return from.columns
    .filter(column => column.pseudo !== true && !columns.some(match => match.from === column))
    .map(column => {
      const seen = columnProfile(profile, column.name)
      const empty = seen !== undefined && profile !== undefined && profile.rows > 0 && seen.nulls === profile.rows
      return `not read: ${column.name} (${formatType(column.type)}${empty ? ', null in every row' : ''})`
    })
}

function columnProfile(profile: TableProfile | undefined, name: string): ColumnProfile | undefined {
  return profile?.columns.find(column => column.name === name)
}

function nameIn({ defaultSchema }: Side, table: Table): string {
  return table.schema === defaultSchema ? table.table : formatTable(table)
}

function rowsOf({ profiles }: Side, table: Table): string {
  const rows = profiles.get(formatTable(table))?.rows ?? table.estimatedRows
  return rows === undefined ? '' : ` (${rows === 1 ? '1 row' : `${rows.toLocaleString('en-US')} rows`})`
}
