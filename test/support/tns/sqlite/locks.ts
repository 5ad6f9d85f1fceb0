import { OraError } from '../ora-error.js'

/** The storage has one writer; whoever comes second waits here, not in the storage, where it would stop the program. */
export class WriterTurn {
  #holder: unknown
  readonly #waiting: { readonly who: unknown; readonly go: () => void }[] = []

  async take(who: unknown, signal: AbortSignal): Promise<void> {
    if (this.#holder === who) return
    if (this.#holder === undefined) {
      this.#holder = who
      return
    }
    await waitFor(signal, go => {
      const entry = { who, go }
      this.#waiting.push(entry)
      return () => this.#waiting.splice(this.#waiting.indexOf(entry), 1)
    })
  }

  give(who: unknown): void {
    if (this.#holder !== who) return
    const next = this.#waiting.shift()
    this.#holder = next?.who
    next?.go()
  }
}

/** Rows that `select … for update` holds, by table and rowid. */
export class RowLocks {
  readonly #held = new Map<string, unknown>()
  readonly #waiting = new Set<() => void>()

  async take(
    who: unknown,
    table: string,
    rowids: readonly unknown[],
    nowait: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const keys = rowids.map(rowid => `${table} ${rowid}`)
    while (keys.some(key => this.#heldByOther(key, who))) {
      if (nowait) throw new OraError(54, 'resource busy and acquire with NOWAIT specified or timeout expired')
      await this.#change(signal)
    }
    for (const key of keys) this.#held.set(key, who)
  }

  /** Waits until nobody else holds any of the rows. */
  async wait(who: unknown, table: string, rowids: () => readonly unknown[], signal: AbortSignal): Promise<void> {
    while (this.heldByOthers(who, table, rowids)) await this.#change(signal)
  }

  heldByOthers(who: unknown, table: string, rowids: () => readonly unknown[]): boolean {
    if (this.#held.size === 0) return false
    return rowids().some(rowid => this.#heldByOther(`${table} ${rowid}`, who))
  }

  give(who: unknown): void {
    for (const [key, holder] of this.#held) if (holder === who) this.#held.delete(key)
    for (const go of [...this.#waiting]) go()
  }

  #heldByOther(key: string, who: unknown): boolean {
    const holder = this.#held.get(key)
    return holder !== undefined && holder !== who
  }

  async #change(signal: AbortSignal): Promise<void> {
    await waitFor(signal, go => {
      this.#waiting.add(go)
      return () => this.#waiting.delete(go)
    })
  }
}

async function waitFor(signal: AbortSignal, enter: (go: () => void) => () => unknown): Promise<void> {
  const cancelled = (): OraError => new OraError(1013, 'user requested cancel of current operation')
  if (signal.aborted) throw cancelled()
  await new Promise<void>((resolve, reject) => {
    const leave = enter(() => {
      leave()
      signal.removeEventListener('abort', stop)
      resolve()
    })
    const stop = (): void => {
      leave()
      reject(cancelled())
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
