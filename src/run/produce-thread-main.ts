import { parentPort, workerData } from 'node:worker_threads'
import { connectorNamed } from '../connectors/registry.js'
import type { Database } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { type ArmedFailpoints, failpoint, shareFailpoints } from '../core/failpoint.js'
import { asEtlError, framesOf } from '../core/unforeseen.js'
import type { OwnAddress } from '../transforms/own/registry.js'
import type { PreparedBatch } from './prepared-batch.js'
import { type ProduceJob, produceHere, type SourceAddress } from './produce-job.js'
import type { FromThread, ThrownError, ToThread } from './produce-thread.js'
import { beginSession, ReadingSessions } from './reading-sessions.js'
import { AskingResolvers } from './thread-questions.js'

/** Batches that may still be asked for again: those ahead, the one being written, and the one before. */
const REMEMBERED = 4

const { job, sources, failpoints, own } = workerData as {
  readonly job: ProduceJob
  readonly sources: Readonly<Record<string, SourceAddress>>
  readonly failpoints: ArmedFailpoints | undefined
  readonly own: readonly OwnAddress[]
}
shareFailpoints(failpoints)
const port = parentPort
if (port === null) throw new Error('this file runs in a thread only')

const stop = new AbortController()
const made = new Map<number, PreparedBatch>()
let credits = 0
let wake: (() => void) | undefined

const resolvers = new AskingResolvers(question => send({ type: 'question', question }))

port.on('message', (message: ToThread) => {
  if (message.type === 'more') credits++
  else if (message.type === 'answer') resolvers.answered(message.answer)
  else if (message.type === 'stop') {
    stop.abort()
    resolvers.stop()
  } else void answer(message.batch)
  wake?.()
})

try {
  await work()
} catch (error) {
  if (!stop.signal.aborted) send({ type: 'error', error: plain(error) })
}
while (!stop.signal.aborted) await event()
port.close()

async function work(): Promise<void> {
  if (own.length > 0) await (await import('../load/own-code.js')).loadOwnAgain(own)
  const databases: Database[] = []
  const sessions = new ReadingSessions(async name => {
    const database = await openSource(name)
    databases.push(database)
    return beginSession(database, sources[name]?.snapshot)
  })
  try {
    for (const name of Object.keys(sources)) await sessions.get(name)
    send({ type: 'ready' })
    await produceAll(produceHere(job, sessions.get, resolvers, stop.signal, Date.now))
    // The last batches are not written yet, and may be asked for.
    send({ type: 'end' })
    while (!stop.signal.aborted) await event()
  } finally {
    await sessions.close()
    for (const database of databases) await database.close()
  }
}

async function openSource(name: string): Promise<Database> {
  const source = sources[name]
  const connector = source === undefined ? undefined : connectorNamed(source.config.type)
  if (source === undefined || connector === undefined) throw new EtlError('E901', `no address of source ${name}`)
  const { config, baseDir, applicationName } = source
  return connector.open(config, { readOnly: true, baseDir, applicationName })
}

async function produceAll(batches: AsyncGenerator<PreparedBatch, void, void>): Promise<void> {
  for await (const batch of batches) {
    while (credits === 0 && !stop.signal.aborted) await event()
    if (stop.signal.aborted) return
    credits--
    made.set(batch.batch, batch)
    for (const number of made.keys()) if (number <= batch.batch - REMEMBERED) made.delete(number)
    failpoint('thread-batch')
    const { reread: _, ...sent } = batch
    send(
      { type: 'batch', batch: sent },
      sent.parts.flatMap(part => buffersOf(part.data)),
    )
  }
}

async function answer(number: number): Promise<void> {
  try {
    const rows = await made.get(number)?.reread()
    if (rows === undefined) throw new EtlError('E901', `batch ${number} is forgotten`)
    send({ type: 'rows', rows })
  } catch (error) {
    send({ type: 'error', error: plain(error) })
  }
}

function event(): Promise<void> {
  return new Promise(resolve => {
    wake = resolve
  })
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer)
}

/** The memory of an encoded part, to be handed over rather than copied. */
function buffersOf(data: unknown): ArrayBuffer[] {
  if (typeof data !== 'object' || data === null) return []
  return Object.values(data).flatMap(value =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  )
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
