import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Lock } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { BEAT_MS } from './owner.js'
import type { RunLedger } from './run-ledger.js'
import type { Sessions } from './sessions.js'

/** Between attempts to get a lost lock again. */
const AGAIN_MS = 1000

export interface HeartbeatOptions {
  readonly lockName: string
  readonly lock: Lock
  readonly targets: Sessions
  readonly run: { readonly ledger: RunLedger; readonly runId: string; readonly epoch: number } | undefined
  readonly everyMs?: number
}

/**
 * Says that the run lives, every ten seconds, and looks whether the lock is still held. One whose connection broke is taken
 * again. What protects the rows is the fence of each batch; this only makes an end come soon, and with a name.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #database: Database
  readonly #ended = new AbortController()
  #lock: Lock
  #held = true
  #going: Promise<void> | undefined
  #wake: () => void = () => {}

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#database = options.targets.database
    this.#lock = options.lock
  }

  /** @param lost the run must end: another process has the lock (E517) or the run (E510) */
  start(lost: (error: EtlError) => void): void {
    this.#going = this.#go(lost)
    // A session that nobody knows of could not be ended by who takes over.
    this.#options.targets.onNamed = () => this.#wake()
  }

  /** Also lets the lock go. */
  async stop(): Promise<void> {
    this.#options.targets.onNamed = () => {}
    this.#ended.abort()
    await this.#going
    await this.#lock.release()
  }

  async #go(lost: (error: EtlError) => void): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      await this.#pause()
      if (signal.aborted) return
      try {
        await this.#hold()
        await this.#beat()
      } catch (error) {
        if (error instanceof EtlError && (error.code === 'E517' || error.code === 'E510')) {
          lost(error)
          return
        }
        // The target cannot be reached: the batches meet that too, and have their own patience.
      }
    }
  }

  async #pause(): Promise<void> {
    const done = new AbortController()
    const signal = AbortSignal.any([this.#ended.signal, done.signal])
    const woken = new Promise<void>(resolve => {
      this.#wake = resolve
    })
    const time = this.#held ? (this.#options.everyMs ?? BEAT_MS) : AGAIN_MS
    const lost = this.#held && this.#lock.lost !== undefined ? [this.#lock.lost] : []
    await Promise.race([sleep(time, undefined, { signal }).catch(() => undefined), woken, ...lost])
    done.abort()
  }

  async #hold(): Promise<void> {
    if (this.#held) {
      try {
        return await this.#lock.check()
      } catch {
        this.#held = false
        await this.#lock.release().catch(() => undefined)
      }
    }
    const { session } = this.#lock
    // The server may not have noticed yet that the connection is gone.
    const gone = session === undefined ? [] : ((await this.#database.endSessions?.([session])) ?? [])
    const lock = await this.#database.lock(this.#options.lockName)
    if (lock !== undefined) {
      this.#lock = lock
      this.#held = true
    } else if (session === undefined || gone.includes(session)) throw lockLost()
  }

  async #beat(): Promise<void> {
    const { run, targets } = this.#options
    if (run === undefined) return
    const sessions = [...(this.#held && this.#lock.session !== undefined ? [this.#lock.session] : []), ...targets.names]
    const mine = await targets.write(session => run.ledger.owners.beat(session, run.runId, run.epoch, sessions))
    if (!mine) throw run.ledger.fenced(run.runId)
  }
}

function lockLost(): EtlError {
  return new EtlError('E517', 'the connection that held the lock was lost, and another process has the lock now', {
    hint: 'when that process has ended, go on with `etl run --resume`',
  })
}
