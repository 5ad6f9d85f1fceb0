import { databaseNamed, sourcesOf } from '../run/context.js'
import type { PreparedBatch } from '../run/prepared-batch.js'
import { type ProduceJob, produceHere } from '../run/produce-job.js'
import { produceInThread } from '../run/produce-thread.js'
import { beginSession, ReadingSessions } from '../run/reading-sessions.js'
import { threadsAvailable } from '../run/reading-threads.js'
import type { VerifyContext } from './context.js'

/** Below it a thread costs more than it gives. */
const THREAD_MIN_ROWS = 20_000

export interface Side {
  readonly batches: AsyncGenerator<PreparedBatch, void, void>
  close(): Promise<void>
}

/** Reads one side in a thread of its own, where there is enough to do. */
export async function readApart(context: VerifyContext, job: ProduceJob, rows: number): Promise<Side> {
  const names = [...new Set(sourcesOf(job.read))]
  if (!threadsAvailable || names.length === 0 || rows < THREAD_MIN_ROWS) return readHere(context, job)
  const addresses = names.map(name => {
    const { sharedSnapshot } = databaseNamed(context, name).connector.capabilities
    const snapshot = sharedSnapshot ? context.snapshots.of(name) : undefined
    const address = context.address(name)
    return [name, snapshot === undefined ? address : { ...address, snapshot: snapshot.id }] as const
  })
  return produceInThread(job, Object.fromEntries(addresses), context.resolvers)
}

/** Reads one side in this thread. */
export function readHere(context: VerifyContext, job: ProduceJob): Side {
  const sessions = new ReadingSessions(name =>
    name === '$target' ? beginSession(context.target, undefined) : context.snapshots.session(name),
  )
  const batches = produceHere(job, sessions.get, context.resolvers, context.signal, context.now)
  return {
    batches,
    close: async () => {
      await batches.return()
      await sessions.close()
    },
  }
}
