import type { OraError } from './ora-error.js'

export type Call = 'connect' | 'login' | 'execute' | 'fetch' | 'commit' | 'rollback' | 'lob' | 'ping'

export interface Fault {
  readonly on: Call
  /** Only statements whose text matches. */
  readonly match?: RegExp
  /** Calls to let pass first; default 0. */
  readonly skip?: number
  /** How often it strikes; default 1. */
  readonly times?: number
  readonly action:
    | { readonly kind: 'drop' }
    /** The call is done, its answer is lost after so many bytes. */
    | { readonly kind: 'cut'; readonly bytes: number }
    | { readonly kind: 'delay'; readonly ms: number }
    /** Said to be done, and not done. */
    | { readonly kind: 'skip' }
    | { readonly kind: 'error'; readonly error: OraError }
}

/** Faults that wait for their call. */
export class Faults {
  readonly #waiting: { fault: Fault; skip: number; times: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting.length = 0
  }

  take(call: Call, sql: string): Fault['action'] | undefined {
    for (const entry of this.#waiting) {
      if (entry.times === 0 || entry.fault.on !== call || entry.fault.match?.test(sql) === false) continue
      if (entry.skip > 0) {
        entry.skip--
        continue
      }
      entry.times--
      return entry.fault.action
    }
    return undefined
  }
}
