import type { Worker } from 'node:worker_threads'
import type { ErrorCode } from '../core/codes.js'
import { EtlError, type EtlErrorOptions } from '../core/errors.js'
import { type ArmedFailpoints, armedFailpoints } from '../core/failpoint.js'
import type { Row } from '../core/row.js'
import type { Resolvers } from '../plan/resolve.js'
import { type OwnAddress, ownAddresses } from '../transforms/own/registry.js'
import { memoryOf, type PreparedBatch } from './prepared-batch.js'
import type { ProduceJob, SourceAddress } from './produce-job.js'
import { giveThread, takeThread } from './reading-threads.js'
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
  /** It has stopped, and may be given other work. */
  | { readonly type: 'idle' }

/**
 * To the thread: its work; one more batch may be made; a batch is written, and the memory of its parts comes back; the rows
 * of a batch are wanted again; what it asked for; stop.
 */
export type ToThread =
  | { readonly type: 'work'; readonly work: ThreadWork }
  | { readonly type: 'more' }
  | { readonly type: 'spent'; readonly memory: readonly ArrayBuffer[] }
  | { readonly type: 'reread'; readonly batch: number }
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'stop' }

/** What a thread is to do, as plain data. */
export interface ThreadWork {
  readonly job: ProduceJob
  readonly sources: Readonly<Record<string, SourceAddress>>
  readonly failpoints: ArmedFailpoints | undefined
  readonly own: readonly OwnAddress[]
}

/** An error as plain data. */
export interface ThrownError {
  readonly message: string
  readonly code: ErrorCode
  readonly options: EtlErrorOptions
}

/** Batches made ahead of the one being written. */
const AHEAD = 1
const STOP_MS = 2000

export interface ThreadProducer {
  /** Resolves when it sees the state of its sources that it will read. */
  readonly ready: Promise<void>
  readonly batches: AsyncGenerator<PreparedBatch, void, void>
  /** Ends the work. Until then the rows of the last batches can be asked for, though they are all made. */
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
  const worker = takeThread()
  const send: Send = (message, transfer) => worker.postMessage(message, transfer)
  const answer = answering(resolvers)
  const inbox = new Inbox(worker, async question => send({ type: 'answer', answer: await answer(question) }))
  send({ type: 'work', work: { job, sources, failpoints: armedFailpoints(), own: ownAddresses() } })
  return {
    ready: inbox.ready,
    batches: receive(inbox, send),
    close: async () => {
      send({ type: 'stop' })
      const timer = setTimeout(() => void worker.terminate(), STOP_MS)
      if (await inbox.ended) giveThread(worker)
      clearTimeout(timer)
    },
  }
}

type Send = (message: ToThread, transfer?: readonly ArrayBuffer[]) => void

async function* receive(inbox: Inbox, send: Send): AsyncGenerator<PreparedBatch, void, void> {
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
      written: () => {
        const memory = memoryOf(batch)
        send({ type: 'spent', memory }, memory)
      },
    }
    send({ type: 'more' })
  }
}

/** The thread's messages in order; rows that were asked for are handed to whoever asked. */
class Inbox {
  /** Resolves when the work is over: to false where the thread is too. */
  readonly ended: Promise<boolean>
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
    let end: (idle: boolean) => void = () => {}
    this.ended = new Promise(resolve => {
      end = resolve
    })
    worker.on('message', (message: FromThread) => {
      if (message.type === 'idle') end(true)
      else if (message.type === 'rows') this.#wanted.shift()?.resolve(revived(message.rows))
      else if (message.type === 'ready') this.#isReady.resolve()
      else if (message.type === 'question') answer(message.question).catch((error: Error) => this.#fail(error))
      else if (message.type === 'error') this.#fail(thrown(message.error))
      else this.#messages.push(message)
      this.#wake?.()
    })
    worker.on('error', error => this.#fail(error))
    worker.on('exit', () => {
      this.#fail(new EtlError('E901', 'the reading thread ended before its work'))
      end(false)
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
