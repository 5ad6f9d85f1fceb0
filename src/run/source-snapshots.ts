import type { TableRef } from '../core/catalog.js'
import type { Database, Session, Snapshot } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { snapshotGone } from '../core/snapshot-pool.js'
import type { Databases } from '../plan/open.js'
import { type Plan, readsOf } from '../plan/plan.js'
import { sourcesOf } from './context.js'
import { beginSession } from './reading-sessions.js'

/**
 * What a run's readers saw. `snapshot`: each source in one state, from the first row to the last. `resumed-across-snapshots`:
 * in more than one, because the run was interrupted or a snapshot was lost. `none`: each reader had a state of its own.
 */
export type Consistency = 'snapshot' | 'resumed-across-snapshots' | 'none'

const ORDER: readonly Consistency[] = ['snapshot', 'resumed-across-snapshots', 'none']

export function worst(a: Consistency, b: Consistency): Consistency {
  return ORDER[Math.max(ORDER.indexOf(a), ORDER.indexOf(b))] ?? 'none'
}

/** What the ledger says of a run before; versions that knew no common snapshot wrote other words. */
export function consistencyNamed(text: string): Consistency {
  return ORDER.find(name => name === text) ?? 'none'
}

/** Snapshots that outlive their run, by source; kept in the ledger. */
export type KeptSnapshots = Readonly<Record<string, string>>

/** The sources of a run, each seen in one state by all who read it. */
export class SourceSnapshots {
  readonly #databases: ReadonlyMap<string, Database>
  readonly #tables: ReadonlyMap<string, readonly TableRef[]>
  readonly #target: Database
  readonly #sessions: number
  readonly #held = new Map<string, Snapshot>()
  readonly #taking = new Map<string, Promise<void>>()
  /** Sources that show each reader another state. */
  readonly without: string[] = []
  /** Some table is in no snapshot: it keeps no transactions (MyISAM). */
  #loose = false
  /** Every source shows what it showed the run before. */
  same = true
  /** Called when a snapshot was lost and the source is read in another one; throws where that must not be. */
  onLost: (source: string) => Promise<void> = async () => {}

  private constructor(
    { sources, target }: Pick<Databases, 'sources' | 'target'>,
    sessions: number,
    tables: ReadonlyMap<string, readonly TableRef[]>,
  ) {
    this.#tables = tables
    this.#databases = sources
    this.#target = target
    this.#sessions = sessions
  }

  /** Of a run that reads nothing. */
  static none(databases: Pick<Databases, 'sources' | 'target'>): SourceSnapshots {
    return new SourceSnapshots(databases, 0, new Map())
  }

  /** Those that another process holds: what is lost of them cannot be had again here. */
  static joined(databases: Pick<Databases, 'sources' | 'target'>, ids: KeptSnapshots): SourceSnapshots {
    const snapshots = new SourceSnapshots(databases, 0, new Map())
    for (const [name, id] of Object.entries(ids))
      snapshots.#held.set(name, { id, survives: false, close: async () => {} })
    snapshots.onLost = () => Promise.reject(snapshotGone(undefined, 'the process that has the run lost it'))
    return snapshots
  }

  /** @param kept those of the run that goes on */
  static async take(
    plan: Plan,
    databases: Pick<Databases, 'sources' | 'target'>,
    options: {
      readonly concurrency: number
      readonly kept: KeptSnapshots
      /** Only those that other processes can join: the others would not see what they read in. */
      readonly shared?: boolean
    },
  ): Promise<SourceSnapshots> {
    // A reader and its look-up per place at work, and one that plans chunks.
    const snapshots = new SourceSnapshots(databases, 2 * options.concurrency + 1, tablesOf(plan))
    snapshots.#loose = plan.entities.some(({ read }) => readsOf(read).some(part => part.snapshot === false))
    const hooked = hookedSources(plan)
    try {
      for (const name of readSources(plan)) {
        const database = databases.sources.get(name)
        // What is read of the target is what this run has written there. Files are held by their version: rows of another one are not read.
        if (database === undefined || database.connector.capabilities.files === true) continue
        if (options.shared === true && !database.connector.capabilities.sharedSnapshot) {
          snapshots.without.push(name)
          continue
        }
        const id = options.kept[name]
        const kept = id === undefined ? undefined : await snapshots.#ask(name, database, hooked.has(name), id)
        snapshots.same &&= kept !== undefined
        const snapshot = kept ?? (await snapshots.#ask(name, database, hooked.has(name), undefined))
        if (snapshot === undefined) snapshots.without.push(name)
        else snapshots.#held.set(name, snapshot)
      }
      return snapshots
    } catch (error) {
      await snapshots.close()
      throw error
    }
  }

  /** @param before that of the run that goes on, where it has read something */
  consistency(before: string | undefined): Consistency {
    const now = this.without.length === 0 && !this.#loose ? 'snapshot' : 'none'
    if (before === undefined) return now
    return worst(worst(consistencyNamed(before), now), this.same ? 'snapshot' : 'resumed-across-snapshots')
  }

  /** Those that a later run can read by. */
  get kept(): KeptSnapshots {
    return Object.fromEntries([...this.#held].flatMap(([name, { id, survives }]) => (survives ? [[name, id]] : [])))
  }

  /** Those that sessions of other processes can join, as long as they are held. */
  get shared(): KeptSnapshots {
    const joined = [...this.#held].filter(
      ([name]) => this.#databases.get(name)?.connector.capabilities.sharedSnapshot === true,
    )
    return Object.fromEntries(joined.map(([name, { id }]) => [name, id]))
  }

  of(source: string): Snapshot | undefined {
    return this.#held.get(source)
  }

  /** A reading session that sees the source's state. */
  async session(source: string): Promise<Session> {
    const database = source === '$target' ? this.#target : this.#databases.get(source)
    if (database === undefined) throw new EtlError('E901', `no source ${source}`)
    for (;;) {
      const snapshot = this.#held.get(source)
      try {
        return await beginSession(database, snapshot?.id)
      } catch (error) {
        if (snapshot === undefined || !isGone(error)) throw error
        await this.renew(source, snapshot)
      }
    }
  }

  /** A session for look-ups: where there is no snapshot, each question sees what is there by then. */
  async asking(source: string, database: Database): Promise<Session> {
    return this.#held.has(source) ? this.session(source) : database.session({ readOnly: true })
  }

  /** The snapshot is gone: another one takes its place, unless another reader has seen to that. */
  async renew(source: string, lost: Snapshot): Promise<void> {
    if (this.#held.get(source) !== lost) return
    const going = this.#taking.get(source) ?? this.#replace(source, lost).finally(() => this.#taking.delete(source))
    this.#taking.set(source, going)
    await going
  }

  async close(): Promise<void> {
    for (const snapshot of this.#held.values()) await snapshot.close()
    this.#held.clear()
  }

  async #replace(source: string, lost: Snapshot): Promise<void> {
    await this.onLost(source)
    const database = this.#databases.get(source)
    const next = database === undefined ? undefined : await this.#ask(source, database, false, undefined)
    if (next === undefined) this.#held.delete(source)
    else this.#held.set(source, next)
    await lost.close()
  }

  async #ask(
    source: string,
    database: Database,
    hooked: boolean,
    id: string | undefined,
  ): Promise<Snapshot | undefined> {
    // Readers must see what hooks do there, and may not stand in their way.
    if (hooked) return undefined
    const tables = this.#tables.get(source) ?? []
    return await database.snapshot?.({ sessions: this.#sessions, tables, ...(id === undefined ? {} : { id }) })
  }
}

export function isGone(error: unknown): boolean {
  return error instanceof EtlError && error.code === 'E521'
}

function readSources(plan: Plan): Set<string> {
  const read = plan.entities.flatMap(entity => sourcesOf(entity.read))
  return new Set([...read, ...Object.values(plan.lookups).map(lookup => lookup.in)])
}

/** By source, entities and look-ups together. */
function tablesOf(plan: Plan): Map<string, TableRef[]> {
  const found = new Map<string, TableRef[]>()
  const add = (source: string, table: TableRef): void => {
    found.set(source, [...(found.get(source) ?? []), table])
  }
  for (const { read } of plan.entities) {
    for (const { from } of readsOf(read)) if (from.kind === 'table') add(from.source, from.table)
  }
  for (const lookup of Object.values(plan.lookups)) add(lookup.in, lookup.table)
  return found
}

function hookedSources(plan: Plan): Set<string> {
  const all = [plan.hooks, ...plan.entities.map(entity => entity.hooks)]
  return new Set(all.flatMap(({ before, after }) => [...before, ...after]).map(hook => hook.on))
}
