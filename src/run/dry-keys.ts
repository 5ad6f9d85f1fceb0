import { type KeySet, openKeySet } from '../connectors/sqlite/key-set.js'
import { formatTable, type TableRef } from '../core/catalog.js'

/** Keys that a dry run would have written, per table and unique key; they spill to a private temporary file. */
export class DryKeys {
  readonly #sets = new Map<string, KeySet>()

  async open(table: TableRef, columns: readonly string[]): Promise<KeySet> {
    return this.#named(setName(table, columns))
  }

  async #named(name: string): Promise<KeySet> {
    let set = this.#sets.get(name)
    if (set === undefined) {
      set = await openKeySet()
      this.#sets.set(name, set)
    }
    return set
  }

  has(table: TableRef, columns: readonly string[], key: string): boolean {
    return this.#sets.get(setName(table, columns))?.has(key) ?? false
  }

  /** Notes a source row that would have got a generated key. */
  async addSource(entity: string, keys: readonly string[]): Promise<void> {
    const set = await this.#named(`source:${entity}`)
    for (const key of keys) set.addNew(key)
  }

  hasSource(entity: string, key: string): boolean {
    return this.#sets.get(`source:${entity}`)?.has(key) ?? false
  }

  close(): void {
    for (const set of this.#sets.values()) set.close()
    this.#sets.clear()
  }
}

function setName(table: TableRef, columns: readonly string[]): string {
  return JSON.stringify([formatTable(table), ...columns])
}
