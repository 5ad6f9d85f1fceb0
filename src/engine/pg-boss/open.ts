import { connectorNamed } from '../../connectors/registry.js'
import { EtlError } from '../../core/errors.js'
import type { RemoteEngine } from '../port.js'
import { createBoss, SCHEMA } from './driver.js'
import { notPrepared, PgBossEngine } from './engine.js'
import { createQueues } from './queues.js'
import { Store } from './store.js'

export interface PgBossOptions {
  readonly applicationName: string
  /** It is to serve tasks: listens for new ones, and looks after those of dead workers. */
  readonly worker: boolean
  /** Connections for the queue itself. */
  readonly connections: number
}

/** @throws EtlError E310 without pg-boss, E312 behind a pooler that shares sessions, E560 where `init` was not done */
export async function openPgBoss(url: string, options: PgBossOptions): Promise<RemoteEngine> {
  const { worker } = options
  const boss = await createBoss(url, {
    application_name: options.applicationName,
    max: options.connections,
    supervise: worker,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    queueCacheIntervalSeconds: 1,
    reindex: false,
  })
  const database = await openDatabase(url, options.applicationName)
  try {
    await boss.start().catch((cause: unknown) => {
      if (cause instanceof Error && /not installed|requires migrations/.test(cause.message)) throw notPrepared()
      throw cause
    })
    if (!(await new Store(boss).isPrepared())) throw notPrepared()
    return new PgBossEngine(boss, database)
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined)
    await database.close()
    throw error
  }
}

/** Creates or migrates the schema; may be done again. */
export async function initPgBoss(url: string): Promise<void> {
  // Also says in words what is wrong with the address, the login or the way.
  await (await openDatabase(url, 'etl engine init')).close()
  const boss = await createBoss(url, { migrate: true, createSchema: true, supervise: false, max: 2 })
  try {
    await boss.start()
    await createQueues(boss, undefined)
    await new Store(boss).prepare()
  } catch (cause) {
    if (cause instanceof EtlError) throw cause
    throw new EtlError(
      'E560',
      `the engine cannot be set up: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        kind: 'connection',
        cause,
        hint: `give the login the right to create the schema ${SCHEMA}, or to own it`,
      },
    )
  } finally {
    await boss.stop({ graceful: false }).catch(() => undefined)
  }
}

async function openDatabase(url: string, applicationName: string) {
  const connector = connectorNamed('postgres')
  if (connector === undefined) throw new EtlError('E901', 'no connector postgres')
  const options = { readOnly: false, baseDir: '.', applicationName }
  return connector.open({ type: 'postgres', url }, options)
}
