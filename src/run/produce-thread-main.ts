import { parentPort } from 'node:worker_threads'
import { connectorNamed } from '../connectors/registry.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { failpoint, shareFailpoints } from '../core/failpoint.js'
import { asEtlError, framesOf } from '../core/unforeseen.js'
import { memoryOf, type PreparedBatch } from './prepared-batch.js'
import { produceHere, type SourceAddress } from './produce-job.js'
import type { FromThread, ThreadWork, ThrownError, ToThread } from './produce-thread.js'
import { beginSession, ReadingSessions } from './reading-sessions.js'
import { AskingResolvers } from './thread-questions.js'

/** Batches that may still be asked for again: those ahead, the one being written, and the one before. */
const REMEMBERED = 4

const port = parentPort
if (port === null) throw new Error('this file runs in a thread only')

let current: Work | undefined
port.on('message', (message: ToThread) => {
  if (message.type === 'work') {
    current = new Work(message.work)
    void current.begin().then(() => {
      current = undefined
      send({ type: 'idle' })
    })
  } else current?.take(message)
})

/** One piece of work, from its message to the stop. */
class Work {
  readonly #work: ThreadWork
  readonly #stop = new AbortController()
  readonly #made = new Map<number, PreparedBatch>()
  readonly #resolvers = new AskingResolvers(question => send({ type: 'question', question }))
  #credits = 0
  #wake: (() => void) | undefined

  constructor(work: ThreadWork) {
    this.#work = work
  }

  take(message: ToThread): void {
    if (message.type === 'more') this.#credits++
    else if (message.type === 'answer') this.#resolvers.answered(message.answer)
    else if (message.type === 'reread') void this.#reread(message.batch)
    else if (message.type === 'stop') {
      this.#stop.abort()
      this.#resolvers.stop()
    }
    this.#wake?.()
  }

  /** Resolves when everything is done and closed that it took, and it was told to stop. */
  async begin(): Promise<void> {
    try {
      await this.#do()
    } catch (error) {
      if (!this.#stop.signal.aborted) send({ type: 'error', error: plain(error) })
    }
    while (!this.#stop.signal.aborted) await this.#event()
  }

  async #do(): Promise<void> {
    const { job, sources, failpoints, own } = this.#work
    shareFailpoints(failpoints)
    if (own.length > 0) await (await import('../load/own-code.js')).loadOwnAgain(own)
    const databases: Database[] = []
    const sessions = new ReadingSessions(async name => {
      const source = sources[name]
      if (source === undefined) throw new EtlError('E901', `no address of source ${name}`)
      const database = await openSource(source)
      databases.push(database)
      return beginSession(database, source.snapshot)
    })
    try {
      for (const name of Object.keys(sources)) await sessions.get(name)
      send({ type: 'ready' })
      await this.#produce(produceHere(job, sessions.get, this.#resolvers, this.#stop.signal, Date.now))
      // The last batches are not written yet, and may be asked for.
      send({ type: 'end' })
      while (!this.#stop.signal.aborted) await this.#event()
    } finally {
      await sessions.close()
      for (const database of databases) await database.close()
    }
  }

  async #produce(batches: AsyncGenerator<PreparedBatch, void, void>): Promise<void> {
    for await (const batch of batches) {
      while (this.#credits === 0 && !this.#stop.signal.aborted) await this.#event()
      if (this.#stop.signal.aborted) return
      this.#credits--
      this.#made.set(batch.batch, batch)
      for (const number of this.#made.keys()) if (number <= batch.batch - REMEMBERED) this.#made.delete(number)
      failpoint('thread-batch')
      const { reread: _, ...sent } = batch
      send({ type: 'batch', batch: sent }, memoryOf(sent))
    }
  }

  async #reread(number: number): Promise<void> {
    try {
      const rows = await this.#made.get(number)?.reread()
      if (rows === undefined) throw new EtlError('E901', `batch ${number} is forgotten`)
      send({ type: 'rows', rows })
    } catch (error) {
      send({ type: 'error', error: plain(error) })
    }
  }

  #event(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

async function openSource({ config, baseDir, applicationName }: SourceAddress): Promise<Database> {
  const connector = connectorNamed(config.type)
  if (connector === undefined) throw new EtlError('E901', `no connector ${config.type}`)
  return connector.open(config, { readOnly: true, baseDir, applicationName })
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer)
}

function plain(error: unknown): ThrownError {
  const { message, code, kind, where, hint, row, column, native } = asEtlError(error)
  const options = Object.fromEntries(
    Object.entries({ kind, where, hint, row, column, native }).filter(([, value]) => value !== undefined),
  )
  // The place would not come over: it is told with the words.
  const frames = error instanceof Error && error !== asEtlError(error) ? framesOf(error) : []
  return { message: [message, ...frames].join('\n'), code, options }
}
