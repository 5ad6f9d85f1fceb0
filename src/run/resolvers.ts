import { createHash } from 'node:crypto'
import { formatTable } from '../core/catalog.js'
import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { keyText, toJson, type Value } from '../core/row.js'
import type { LookupPlan, Plan, RefPlan } from '../plan/plan.js'
import type { Resolver, Resolvers as ResolversOf } from '../plan/resolve.js'
import { CachedResolver, type Fetch, thenWhole } from './cached-resolver.js'
import type { DryKeys } from './dry-keys.js'
import type { Ledger } from './ledger.js'
import { selectByKey } from './select-keys.js'
import type { Sessions } from './sessions.js'

/** A look-up table with at most this many rows is read once, whole; so are the keys of an entity. */
const WHOLE_TABLE_ROWS = 100_000

/** The rows of one look-up's table, for all who use it: a small one is read once, whole. */
class LookupTable {
  readonly #ask: <T>(work: (session: Session) => Promise<T>) => Promise<T>
  readonly #database: Database
  readonly #plan: LookupPlan
  #whole: Promise<Map<string, Value> | undefined> | undefined

  constructor(database: Database, plan: LookupPlan, ask: <T>(work: (session: Session) => Promise<T>) => Promise<T>) {
    this.#database = database
    this.#plan = plan
    this.#ask = ask
  }

  /** Undefined where the table is too large to be kept. A failed read is tried anew by the next who asks. */
  whole(): Promise<Map<string, Value> | undefined> {
    this.#whole ??= this.#read().catch((error: unknown) => {
      this.#whole = undefined
      throw error
    })
    return this.#whole
  }

  async #read(): Promise<Map<string, Value> | undefined> {
    const count = await this.#ask(session => session.count({ from: { table: this.#plan.table } }))
    return count > WHOLE_TABLE_ROWS ? undefined : this.select(undefined)
  }

  async select(keys: readonly (readonly Value[])[] | undefined): Promise<Map<string, Value>> {
    const { key, value, table } = this.#plan
    const rows = await this.#ask(session =>
      selectByKey(session, this.#database, { table, key: key.map(c => c.name), also: value.map(c => c.name) }, keys),
    )
    const found = new Map<string, Value>()
    const ambiguous = new Set<string>()
    for (const row of rows) {
      const values = row.slice(key.length)
      const result =
        value.length === 1
          ? (values[0] ?? null)
          : JSON.stringify(Object.fromEntries(value.map((column, i) => [column.name, toJson(values[i] ?? null)])))
      const keys = row.slice(0, key.length)
      if (keys.includes(null)) continue
      const text = keyText(keys)
      if (!found.has(text)) found.set(text, result)
      else if (found.get(text) !== result) ambiguous.add(text)
    }
    if (ambiguous.size > 0) throw this.#ambiguous(ambiguous.size)
    return found
  }

  #ambiguous(keys: number): EtlError {
    const names = this.#plan.key.map(column => column.name).join(', ')
    const count = keys === 1 ? '1 key' : `${keys} keys`
    return new EtlError('E519', `${formatTable(this.#plan.table)} has several values for ${count} of ${names}`, {
      kind: 'usage',
      hint: 'keep one row a key there, or look up in a view that does; then go on with `etl run … --resume`',
    })
  }
}

/** One user's answers from a look-up's table; a large one is asked for the keys of each batch. */
class LookupResolver implements Resolver {
  readonly #table: LookupTable
  readonly #byKey: CachedResolver
  #whole: Map<string, Value> | undefined

  constructor(table: LookupTable) {
    this.#table = table
    this.#byKey = new CachedResolver(keys => table.select(keys))
  }

  async prefetch(keys: readonly (readonly Value[])[]): Promise<void> {
    this.#whole = await this.#table.whole()
    if (this.#whole === undefined) await this.#byKey.prefetch(keys)
  }

  get(key: readonly Value[]): Value | undefined {
    return this.#whole === undefined ? this.#byKey.get(key) : this.#whole.get(keyText(key))
  }
}

/** Answers look-ups and refs for all entities of a run. */
export class Resolvers implements ResolversOf {
  readonly #plan: Plan
  readonly #sources: ReadonlyMap<string, Database>
  readonly #targets: Sessions
  readonly #asking = new Map<string, Sessions>()
  readonly #lookups = new Map<string, LookupTable>()
  readonly #ledger: Ledger | undefined
  readonly #dry: DryKeys | undefined
  readonly #sessionsOf: (source: string, database: Database) => Sessions

  constructor(options: {
    readonly plan: Plan
    readonly sources: ReadonlyMap<string, Database>
    readonly targets: Sessions
    readonly ledger: Ledger | undefined
    /** A dry run: what it would have written. */
    readonly dry: DryKeys | undefined
    readonly sessionsOf: (source: string, database: Database) => Sessions
  }) {
    this.#plan = options.plan
    this.#sources = options.sources
    this.#targets = options.targets
    this.#ledger = options.ledger
    this.#dry = options.dry
    this.#sessionsOf = options.sessionsOf
  }

  lookup(name: string): Resolver {
    let table = this.#lookups.get(name)
    if (table === undefined) {
      const plan = this.#plan.lookups[name]
      if (plan === undefined) throw new Error(`the plan has no lookup ${name}`)
      const sessions = this.#sessionsFor(plan.in)
      table = new LookupTable(sessions.database, plan, work => sessions.ask(work))
      this.#lookups.set(name, table)
    }
    return new LookupResolver(table)
  }

  /** A resolver of one entity's use; not shared, since what it remembers may grow stale for another. */
  ref(ref: RefPlan): Resolver {
    if (ref.kind === 'computed') return new CachedResolver(keys => this.#computed(ref, keys))
    const byKey: Fetch = keys => this.#identities(ref, keys)
    const ledger = this.#ledger
    if (ledger === undefined) return new CachedResolver(byKey)
    return new CachedResolver(
      thenWhole(byKey, () =>
        this.#targets.ask(session => ledger.identities.all(session, this.#plan.pipeline, ref.entity, WHOLE_TABLE_ROWS)),
      ),
    )
  }

  async #identities(ref: RefPlan, keys: readonly (readonly Value[])[]): Promise<Map<string, Value>> {
    const texts = keys.map(key => keyText(key))
    const ledger = this.#ledger
    const found: Map<string, Value> =
      ledger === undefined
        ? new Map()
        : await this.#targets.ask(session => ledger.identities.find(session, this.#plan.pipeline, ref.entity, texts))
    if (this.#dry === undefined) return found
    for (const text of texts) {
      if (!found.has(text) && this.#dry.hasSource(ref.entity, text)) found.set(text, standIn(text))
    }
    return found
  }

  async #computed(ref: RefPlan, keys: readonly (readonly Value[])[]): Promise<Map<string, Value>> {
    const { table, column } = ref
    if (table === undefined || column === undefined) throw new Error('a computed ref names its table and column')
    const found = new Map<string, Value>()
    const dry = this.#dry
    const wanted = dry === undefined ? keys : keys.filter(key => !dry.has(table, [column.name], keyText(key)))
    if (dry !== undefined)
      for (const key of keys) if (dry.has(table, [column.name], keyText(key))) found.set(keyText(key), key[0] ?? null)
    const missing =
      dry !== undefined && this.#plan.entities.some(entity => entity.name === ref.entity && entity.write.create)
    if (missing || wanted.length === 0) return found
    const rows = await this.#targets.ask(session =>
      selectByKey(session, this.#targets.database, { table, key: [column.name], also: [] }, wanted),
    )
    for (const row of rows) found.set(keyText(row), row[0] ?? null)
    return found
  }

  #sessionsFor(name: string): Sessions {
    if (name === 'target') return this.#targets
    const database = this.#sources.get(name)
    if (database === undefined) throw new Error(`no source ${name}`)
    let sessions = this.#asking.get(name)
    if (sessions === undefined) {
      sessions = this.#sessionsOf(name, database)
      this.#asking.set(name, sessions)
    }
    return sessions
  }

  async close(): Promise<void> {
    for (const sessions of this.#asking.values()) await sessions.close()
  }
}

/** A dry run generates no keys: a number made of the source key stands for one. */
function standIn(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) >>> 1
}
