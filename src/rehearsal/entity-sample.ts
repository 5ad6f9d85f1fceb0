import { MEMBER } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { keyText, type Row, toJson, type Value } from '../core/row.js'
import { spread } from '../core/spread.js'
import type { Databases } from '../plan/open.js'
import type { EntityPlan, MemberPlan, MemberRead, Plan, ReadPlan, SingleFrom } from '../plan/plan.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import { readSpec, slices } from '../run/source-slices.js'
import { positionsOf } from '../verify/keyed-reader.js'
import { type Demand, linksOf } from './entity-links.js'
import { either, inList, type ListColumn } from './in-list.js'

export interface EntitySampleOptions {
  readonly size: number
  readonly seed: string
  /** Sources that are sampled already. */
  readonly sampled: ReadonlySet<string>
  /** SQL for rows that the sample always holds. */
  readonly include: (entity: string) => readonly string[]
  readonly signal: AbortSignal
}

/** What is left of one place that an entity reads: a condition, or, of files, the rows themselves. */
export type Restriction = { readonly where: string } | { readonly rows: readonly Readonly<Record<string, Value>>[] }

export interface EntitySample {
  /** By entity, one for each place it reads; undefined for places that are read as a whole. */
  readonly restrictions: ReadonlyMap<string, readonly (Restriction | undefined)[]>
  readonly notes: readonly string[]
}

const SLICE = { rows: 1000, bytes: 1 << 24 }

/** Rows of every entity that reads from elsewhere than the scratch, and the rows of other entities that these need. */
export async function sampleEntities(
  plan: Plan,
  databases: Databases,
  options: EntitySampleOptions,
): Promise<EntitySample> {
  const sessions = new ReadingSessions(name => beginSession(databaseOf(databases, name), undefined))
  try {
    const work = new Work(plan, databases, sessions, options)
    // Who asks comes before who is asked, but for circles: those are gone round until nobody asks for more.
    const waiting = new Set(plan.entities.toReversed())
    for (const entity of waiting) {
      waiting.delete(entity)
      for (const name of await work.sample(entity)) {
        const asked = plan.entities.find(each => each.name === name)
        if (asked !== undefined) waiting.add(asked)
      }
    }
    return { restrictions: work.restrictions, notes: work.notes }
  } finally {
    await sessions.close()
  }
}

function databaseOf({ sources, target }: Databases, name: string): Database {
  const database = name === '$target' ? target : sources.get(name)
  if (database === undefined) throw new EtlError('E901', `no source ${name}`)
  return database
}

/** Values that others ask an entity for, by columns. */
type Asked = Map<string, { readonly columns: readonly string[]; readonly keys: Map<string, readonly Value[]> }>

class Work {
  readonly restrictions = new Map<string, readonly (Restriction | undefined)[]>()
  readonly notes: string[] = []
  readonly #asked = new Map<string, Asked>()
  readonly #drawn = new Map<string, readonly (readonly Value[])[]>()

  constructor(
    private readonly plan: Plan,
    private readonly databases: Databases,
    private readonly sessions: ReadingSessions,
    private readonly options: EntitySampleOptions,
  ) {}

  /** Gives the entities of which more is wanted now. */
  async sample(entity: EntityPlan): Promise<readonly string[]> {
    const restrictions: (Restriction | undefined)[] = []
    for (const member of membersOf(entity)) restrictions.push(await this.#restrict(entity, member))
    this.restrictions.set(entity.name, restrictions)
    if (restrictions.every(each => each === undefined)) return []
    const more = new Set<string>()
    for (const { read, askedBy } of await linksOf(this.plan, entity, this.databases)) {
      for await (const { rows } of slices(
        this.sessions.get,
        restricted(read, restrictions),
        SLICE,
        this.options.signal,
      ))
        for (const demand of await askedBy(rows)) if (this.#note(demand)) more.add(demand.entity)
    }
    return [...more]
  }

  /** Is anything asked for that was not before? */
  #note({ entity, columns, keys }: Demand): boolean {
    const asked: Asked = this.#asked.get(entity) ?? new Map()
    this.#asked.set(entity, asked)
    const name = JSON.stringify(columns)
    const known = asked.get(name) ?? { columns, keys: new Map() }
    asked.set(name, known)
    const before = known.keys.size
    for (const key of keys) if (!key.includes(null)) known.keys.set(keyText(key), key)
    return known.keys.size > before
  }

  async #restrict(entity: EntityPlan, member: MemberPlan): Promise<Restriction | undefined> {
    const { from } = member.read
    if (from.kind === 'rows' || this.options.sampled.has(from.source)) return undefined
    const database = databaseOf(this.databases, from.source)
    const asked = [...(this.#asked.get(entity.name)?.values() ?? [])].flatMap(each => askedOf(entity, member, each))
    if (database.connector.capabilities.files === true) return this.#rowsOf(entity, member.read, asked)
    const { dialect } = database.connector.capabilities
    const key = member.read.key.map(index => member.read.columns[index] ?? { name: '', type: { kind: 'any' } as const })
    const drawn = await this.#draw(entity, member)
    const conditions = [
      inList(dialect, key, drawn),
      ...asked.map(({ columns, keys }) => inList(dialect, columns, keys)),
      ...this.options.include(entity.name).map(where => `(${where}\n)`),
    ]
    const chosen = either(conditions.filter(condition => condition !== '1 = 0'))
    const { where } = member.read
    return { where: where === undefined ? chosen : `(${where}\n) and (${chosen})` }
  }

  /** Keys of the entity's own sample, spread over all of them. */
  async #draw(entity: EntityPlan, member: MemberPlan): Promise<readonly (readonly Value[])[]> {
    const { size, seed, signal } = this.options
    const draw = `${seed} ${entity.name} ${member.name}`
    const known = this.#drawn.get(draw)
    if (known !== undefined) return known
    const { read } = member
    const from = read.from as Exclude<SingleFrom, { kind: 'rows' }>
    const session = await this.sessions.get(from.source)
    const spec = readSpec({ ...read, order: read.key }, from, SLICE)
    const count = await session.count(spec)
    const numbers = spread(count, size, draw)
    const drawn = await positionsOf(session, spec, numbers, signal)
    const keyless = drawn.filter(key => key.includes(null)).length
    if (keyless > 0) this.notes.push(`${entity.name}: ${keyless} rows of the sample have no key and are left out`)
    this.#drawn.set(draw, drawn)
    return drawn
  }

  /** A file is read through: its rows take its place. */
  async #rowsOf(
    entity: EntityPlan,
    read: MemberRead,
    asked: readonly AskedColumns[],
  ): Promise<Restriction | undefined> {
    const { size, seed, signal } = this.options
    const late = entity.deferred?.read.columns.filter(({ name }) => read.columns.every(column => column.name !== name))
    const whole: MemberRead = { ...read, columns: [...read.columns, ...(late ?? [])] }
    if (this.options.include(entity.name).length > 0) {
      const hint = 'leave the file out of --include'
      throw new EtlError('E547', `${entity.name} reads a file, which knows no SQL`, { kind: 'usage', hint })
    }
    let count = 0
    for await (const { rows } of slices(this.sessions.get, read, SLICE, signal)) count += rows.length
    if (count === 0) return undefined
    const numbers = new Set(spread(count, size, `${seed} ${entity.name}`))
    const wanted = asked.map(({ columns, keys }) => ({
      indexes: columns.map(({ name }) => place(read, name)),
      keys: new Set(keys.map(key => keyText(key))),
    }))
    const isAsked = (row: Row): boolean =>
      wanted.some(({ indexes, keys }) => keys.has(keyText(indexes.map(index => row[index] ?? null))))
    const chosen: Record<string, Value>[] = []
    let [number, malformed] = [0, 0]
    for await (const batch of slices(this.sessions.get, whole, SLICE, signal)) {
      const bad = new Set(batch.malformed?.map(({ row }) => row))
      for (const [i, row] of batch.rows.entries()) {
        if (!numbers.has(number++) && !isAsked(row)) continue
        if (bad.has(i)) malformed++
        else chosen.push(Object.fromEntries(whole.columns.map(({ name }, at) => [name, row[at] ?? null])))
      }
    }
    if (malformed > 0)
      this.notes.push(`${entity.name}: ${malformed} rows of the sample cannot be read and are left out`)
    return { rows: chosen }
  }
}

/** The places of an entity as members of a union, whose columns are the entity's. */
function membersOf({ read, name }: EntityPlan): readonly MemberPlan[] {
  const { from } = read
  if (from.kind === 'union') return from.members
  return [{ name, read: { ...read, from }, values: read.columns.map((_, index) => ({ index })) }]
}

interface AskedColumns {
  readonly columns: readonly ListColumn[]
  readonly keys: readonly (readonly Value[])[]
}

/** What is asked of the entity in the words of one of its members; nothing where it has no such column. */
function askedOf(
  { read }: EntityPlan,
  { name, read: own, values }: MemberPlan,
  { columns, keys }: { readonly columns: readonly string[]; readonly keys: ReadonlyMap<string, readonly Value[]> },
): AskedColumns[] {
  const at = columns.indexOf(MEMBER)
  const mine = [...keys.values()].filter(key => at < 0 || key[at] === name)
  const places = columns.flatMap((column, i) => (i === at ? [] : [{ i, value: values[place(read, column)] }]))
  const found = places.flatMap(({ i, value }): { i: number; column: ListColumn }[] => {
    const column = value !== undefined && 'index' in value ? own.columns[value.index] : undefined
    if (column !== undefined) return [{ i, column }]
    // A table has columns that the mapping does not look at.
    const other = read.from.kind === 'table' ? columns[i] : undefined
    return other === undefined ? [] : [{ i, column: { name: other, type: { kind: 'any' } } }]
  })
  if (found.length === 0 || found.length < places.length || mine.length === 0) return []
  return [{ columns: found.map(({ column }) => column), keys: mine.map(key => found.map(({ i }) => key[i] ?? null)) }]
}

function place(read: ReadPlan, name: string): number {
  return read.columns.findIndex(column => column.name === name)
}

/** Reads only what is left of each place. */
function restricted(read: ReadPlan, restrictions: readonly (Restriction | undefined)[]): ReadPlan {
  const { from } = read
  if (from.kind !== 'union') return { ...read, ...restrictedPlace({ ...read, from }, restrictions[0]) }
  const members = from.members.map((member, i) => ({
    ...member,
    read: restrictedPlace(member.read, restrictions[i]),
  }))
  return { ...read, from: { kind: 'union', members } }
}

function restrictedPlace(read: MemberRead, restriction: Restriction | undefined): MemberRead {
  if (restriction === undefined) return read
  if ('where' in restriction) return { ...read, where: restriction.where }
  const rows = restriction.rows.map(row => read.columns.map(({ name }) => toJson(row[name] ?? null)))
  return { ...read, from: { kind: 'rows', rows } }
}
