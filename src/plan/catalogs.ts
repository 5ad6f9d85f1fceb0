import type { Column, Table, TableRef } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { Database, Identity } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Databases } from './open.js'

/** The databases a plan looks at. */
export type CatalogSources = Pick<Databases, 'sources' | 'target'>

/** The name under which in-place work reads the target. */
export const TARGET = '$target'

/** Catalog reads under way at once: enough to hide latency, few enough for a small pool. */
const AT_ONCE = 8

/** Tables asked for in one question, so that it is answered in good time. */
const TABLES_AT_ONCE = 500

/** What the planner has read of the databases, each table once. First ask for everything, then {@link Catalogs.load}, then look. */
export class Catalogs {
  readonly #databases: CatalogSources
  readonly #tables = new Map<string, Table | undefined>()
  readonly #refusals = new Map<string, EtlError>()
  readonly #queries = new Map<string, readonly Column[] | EtlError>()
  readonly #names = new Map<string, readonly TableRef[]>()
  readonly #wantedTables = new Map<string, Map<string, TableRef>>()
  readonly #wantedQueries = new Map<string, () => Promise<void>>()

  constructor(databases: CatalogSources) {
    this.#databases = databases
  }

  database(name: string): Database {
    const database = name === TARGET ? this.#databases.target : this.#databases.sources.get(name)
    if (database === undefined) throw new EtlError('E202', `source "${name}" has not been opened`, { kind: 'usage' })
    return database
  }

  identity(name: string): Identity & { readonly type: string } {
    const { identity, connector } = this.database(name)
    return { ...identity, type: connector.name }
  }

  wantTable(database: string, ref: TableRef): void {
    const refs = this.#wantedTables.get(database) ?? new Map<string, TableRef>()
    this.#wantedTables.set(database, refs.set(keyOf(database, formatTable(ref)), ref))
  }

  wantQuery(database: string, query: string): void {
    const key = keyOf(database, query)
    this.#wantedQueries.set(key, async () => {
      try {
        this.#queries.set(key, await this.database(database).describe(query))
      } catch (error) {
        if (!(error instanceof EtlError) || error.kind === 'connection' || error.kind === 'transient') throw error
        this.#queries.set(key, error)
      }
    })
  }

  async load(): Promise<void> {
    const tables = [...this.#wantedTables].flatMap(([database, refs]) => this.#readsOf(database, [...refs]))
    const work = [...tables, ...this.#wantedQueries.values()].values()
    this.#wantedTables.clear()
    this.#wantedQueries.clear()
    const worker = async (): Promise<void> => {
      for (const read of work) await read()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  #readsOf(name: string, wanted: readonly Wanted[]): (() => Promise<void>)[] {
    const database = this.database(name)
    const { tables } = database
    if (tables === undefined) {
      return wanted.map(([key, ref]) => async () => {
        try {
          await this.#found(name, key, await database.table(ref))
        } catch (error) {
          // What is wrong with one file is a problem of the entity that names it.
          if (!(error instanceof EtlError) || database.connector.capabilities.files !== true) throw error
          this.#refusals.set(key, error)
        }
      })
    }
    return slices(wanted, TABLES_AT_ONCE).map(slice => async () => {
      const found = await tables.call(
        database,
        slice.map(([, ref]) => ref),
      )
      for (const [i, [key]] of slice.entries()) await this.#found(name, key, found[i])
    })
  }

  async #found(database: string, key: string, table: Table | undefined): Promise<void> {
    this.#tables.set(key, table)
    if (table !== undefined || this.#names.has(database)) return
    this.#names.set(database, await this.database(database).listTables())
  }

  /** Undefined: not there. */
  table(database: string, ref: TableRef): Table | undefined {
    return this.#tables.get(keyOf(database, formatTable(ref)))
  }

  /** Why a file cannot be looked at. */
  refusal(database: string, ref: TableRef): EtlError | undefined {
    return this.#refusals.get(keyOf(database, formatTable(ref)))
  }

  /** The query's columns, or why the database refuses it. */
  query(database: string, query: string): readonly Column[] | EtlError {
    return this.#queries.get(keyOf(database, query)) ?? []
  }

  /** Names of tables; known only where a table was missing. */
  tableNames(database: string, like: TableRef): readonly string[] {
    return (this.#names.get(database) ?? []).map(ref => (like.schema === undefined ? ref.table : formatTable(ref)))
  }
}

/** What a table is kept by, and the table. */
type Wanted = readonly [key: string, ref: TableRef]

function slices<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

function keyOf(database: string, what: string): string {
  return `${database}\0${what}`
}
