import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ErrorCode } from '../core/codes.js'
import { EtlError, type EtlErrorOptions } from '../core/errors.js'
import { armedFailpoints } from '../core/failpoint.js'
import type { Row } from '../core/row.js'
import type { Resolvers } from '../plan/resolve.js'
import { ownAddresses } from '../transforms/own/registry.js'
import type { PreparedBatch } from './prepared-batch.js'
import type { ProduceJob, SourceAddress } from './produce-job.js'
import { type Answer, answering, buffered, type Question } from './thread-questions.js'

/** From the thread. Batches lack what only the thread can do. */
export type FromThread =
  /** Its transactions have begun: what they see stays. */
  | { readonly type: 'ready' }
  | { readonly type: 'batch'; readonly batch: Omit<PreparedBatch, 'reread'> }
  | { readonly type: 'rows'; readonly rows: readonly Row[] }
  | { readonly type: 'question'; readonly question: Question }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly error: ThrownError }

/** To the thread: one more batch may be made; the rows of a batch are wanted again; what it asked for; stop. */
export type ToThread =
  | { readonly type: 'more' }
  | { readonly type: 'reread'; readonly batch: number }
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'stop' }

/** An error as plain data. */
export interface ThrownError {
  readonly message: string
  readonly code: ErrorCode
  readonly options: EtlErrorOptions
}

const FILE = new URL('./produce-thread-main.js', import.meta.url)
/** Batches made ahead of the one being written. */
const AHEAD = 1
const YOUNG_GENERATION_MB = 24
const STOP_MS = 2000

/** False where the program runs from its TypeScript sources, as unit tests do: a thread needs the built file. */
export const threadsAvailable: boolean = existsSync(fileURLToPath(FILE))

export interface ThreadProducer {
  /** Resolves when it sees the state of its sources that it will read. */
  readonly ready: Promise<void>
  readonly batches: AsyncGenerator<PreparedBatch, void, void>
  /** Ends the thread. Until then it can be asked for the rows of the last batches, though it has made them all. */
  close(): Promise<void>
}

/**
 * Does the job in a thread of its own with connections of its own; only encoded batches come over.
 *
 * @param resolvers answer what look-ups and refs ask on the way
 */
export function produceInThread(
  job: ProduceJob,
  sources: Readonly<Record<string, SourceAddress>>,
  resolvers: Resolvers,
): ThreadProducer {
  const worker = new Worker(FILE, {
    workerData: { job, sources, failpoints: armedFailpoints(), own: ownAddresses() },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  const send = (message: ToThread): void => worker.postMessage(message)
  const answer = answering(resolvers)
  const inbox = new Inbox(worker, async question => send({ type: 'answer', answer: await answer(question) }))
  return {
    ready: inbox.ready,
    batches: receive(inbox, send),
    close: async () => {
      send({ type: 'stop' })
      const timer = setTimeout(() => void worker.terminate(), STOP_MS)
      await inbox.ended
      clearTimeout(timer)
    },
  }
}

async function* receive(inbox: Inbox, send: (message: ToThread) => void): AsyncGenerator<PreparedBatch, void, void> {
  for (let i = 0; i < AHEAD; i++) send({ type: 'more' })
  for (;;) {
    const message = await inbox.next()
    if (message.type === 'end') return
    if (message.type !== 'batch') continue
    const { batch } = message
    yield {
      ...batch,
      targetKeys: batch.targetKeys?.map(buffered),
      reread: () => {
        const rows = inbox.rows()
        send({ type: 'reread', batch: batch.batch })
        return rows
      },
    }
    send({ type: 'more' })
  }
}

/** The thread's messages in order; rows that were asked for are handed to whoever asked. */
class Inbox {
  readonly ended: Promise<void>
  readonly ready: Promise<void>
  readonly #messages: FromThread[] = []
  readonly #wanted: { resolve(rows: readonly Row[]): void; reject(error: Error): void }[] = []
  #wake: (() => void) | undefined
  #isReady: { resolve(): void; reject(error: Error): void } = { resolve: () => {}, reject: () => {} }
  #failure: Error | undefined

  constructor(worker: Worker, answer: (question: Question) => Promise<void>) {
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = { resolve, reject }
    })
    this.ready.catch(() => {})
    worker.on('message', (message: FromThread) => {
      if (message.type === 'rows') this.#wanted.shift()?.resolve(revived(message.rows))
      else if (message.type === 'ready') this.#isReady.resolve()
      else if (message.type === 'question') answer(message.question).catch((error: Error) => this.#fail(error))
      else if (message.type === 'error') this.#fail(thrown(message.error))
      else this.#messages.push(message)
      this.#wake?.()
    })
    worker.on('error', error => this.#fail(error))
    this.ended = new Promise(resolve => {
      worker.on('exit', () => {
        this.#fail(new EtlError('E901', 'the reading thread ended before its work'))
        resolve()
      })
    })
  }

  async next(): Promise<FromThread> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  rows(): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) this.#wanted.push({ resolve, reject })
      else reject(this.#failure)
    })
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#isReady.reject(error)
    for (const { reject } of this.#wanted.splice(0)) reject(this.#failure)
    this.#wake?.()
  }
}

function revived(rows: readonly Row[]): readonly Row[] {
  return rows.map(row => row.map(buffered))
}

function thrown(error: ThrownError): Error {
  return new EtlError(error.code, error.message, error.options)
}
