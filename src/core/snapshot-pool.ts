import { EtlError, type EtlErrorOptions } from './errors.js'

/** A connection of the pool in somebody's hands. */
export interface Lent<C> {
  readonly connection: C
  /** @param sound false where it no longer sees that state, or nothing at all */
  giveBack(sound: boolean): Promise<void>
}

/** For databases whose snapshots nobody can join later: connections that all saw one state, lent to one reader at a time. */
export class SnapshotPool<C> {
  readonly #idle: C[]
  readonly #waiting: { resolve(connection: C): void; reject(error: EtlError): void }[] = []
  readonly #end: (connection: C) => Promise<void> | void
  /** Idle and lent ones. */
  #left: number

  constructor(connections: readonly C[], end: (connection: C) => Promise<void> | void) {
    this.#idle = [...connections]
    this.#left = connections.length
    this.#end = end
  }

  /** Waits while all are lent; throws E521 when none is left. */
  async take(): Promise<Lent<C>> {
    const connection = await this.#next()
    let given = false
    return {
      connection,
      giveBack: async sound => {
        if (given) return
        given = true
        await this.#back(connection, sound)
      },
    }
  }

  /** Ends idle ones now, lent ones when they come back. */
  async close(): Promise<void> {
    this.#left = 0
    this.#refuse()
    for (const connection of this.#idle.splice(0)) await this.#end(connection)
  }

  async #next(): Promise<C> {
    const connection = this.#idle.pop()
    if (connection !== undefined) return connection
    if (this.#left === 0) throw snapshotGone()
    return await new Promise<C>((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async #back(connection: C, sound: boolean): Promise<void> {
    if (sound && this.#left > 0) {
      const next = this.#waiting.shift()
      if (next === undefined) this.#idle.push(connection)
      else next.resolve(connection)
      return
    }
    if (this.#left > 0) this.#left--
    if (this.#left === 0) this.#refuse()
    await this.#end(connection)
  }

  #refuse(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(snapshotGone())
  }
}

/** E521: whoever held the state has lost it. */
export function snapshotGone(
  cause?: unknown,
  why = 'the connection that held it was lost',
  more: Pick<EtlErrorOptions, 'where' | 'native'> = {},
): EtlError {
  return new EtlError('E521', `the source's snapshot is gone: ${why}`, {
    kind: 'failed',
    hint: 'go on in a new snapshot: `etl run … --resume`; or read everything in one: `etl run … --restart`',
    ...(cause === undefined ? {} : { cause }),
    ...more,
  })
}
