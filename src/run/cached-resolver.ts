import { keyText, type Value } from '../core/row.js'
import type { Resolver } from '../plan/resolve.js'

/** Remembered answers per resolver; past it the memory starts anew. */
const CACHE_KEYS = 200_000
/** Keys that are asked for one by one before a whole table is read. */
const KEYS_BEFORE_WHOLE = 1000

/** Answers by key text; keys that have none are absent. */
export type Fetch = (keys: readonly (readonly Value[])[]) => Promise<Map<string, Value>>

/** Remembers answers and fetches those a batch will ask for and nobody asked yet. */
export class CachedResolver implements Resolver {
  readonly #known = new Map<string, Value | undefined>()
  readonly #fetch: Fetch

  constructor(fetch: Fetch) {
    this.#fetch = fetch
  }

  async prefetch(keys: readonly (readonly Value[])[]): Promise<void> {
    if (this.#known.size > CACHE_KEYS) this.#known.clear()
    const wanted = new Map<string, readonly Value[]>()
    for (const key of keys) {
      const text = keyText(key)
      if (!this.#known.has(text)) wanted.set(text, key)
    }
    if (wanted.size === 0) return
    const found = await this.#fetch([...wanted.values()])
    for (const text of wanted.keys()) this.#known.set(ofItsOwn(text), found.get(text))
  }

  get(key: readonly Value[]): Value | undefined {
    return this.#known.get(keyText(key))
  }
}

/** The runtime keeps a text as a part of the one it was cut from, such as a whole row, which would stay in memory with it. */
function ofItsOwn(text: string): string {
  return ` ${text}`.slice(1)
}

/**
 * By key, until so many were asked for that to read a small table at once costs less. What is not found in it is asked for
 * by key after all.
 */
export function thenWhole(byKey: Fetch, whole: () => Promise<ReadonlyMap<string, Value> | undefined>): Fetch {
  let asked = 0
  let reading: Promise<ReadonlyMap<string, Value> | undefined> | undefined
  return async keys => {
    asked += keys.length
    if (asked <= KEYS_BEFORE_WHOLE) return byKey(keys)
    reading ??= whole().catch((error: unknown) => {
      reading = undefined
      throw error
    })
    const all = await reading
    const absent = all === undefined ? keys : keys.filter(key => !all.has(keyText(key)))
    const found = absent.length === 0 ? new Map<string, Value>() : await byKey(absent)
    for (const key of all === undefined ? [] : keys) {
      const value = all?.get(keyText(key))
      if (value !== undefined) found.set(keyText(key), value)
    }
    return found
  }
}
