import { type Balancer, startBalancer } from '../support/balancer.js'
import { type RestateServer, startRestate } from '../support/restate-server.js'

/** An engine as workers and tests have to do with it. */
export interface Delivery {
  readonly url: string
  /** What its page promises, in seconds, from the death of a worker to the next delivery. */
  readonly recoverySeconds: number
  /** The same, from the moment when it hangs. */
  readonly hungSeconds: number
  /** Of each worker: so many that a chunk of a dead one finds a place at the others, and not so many that one has them all. */
  readonly places: number
  /** What a worker is told beside its own arguments. */
  workerArgs(): Promise<readonly string[]>
  /** None of the workers is there any more. */
  dismissed(): void
  /** All that it keeps, as text. */
  everything(): Promise<string>
  /** When the run was cancelled, by the engine's clock. */
  cancelledAt(run: string): Promise<number>
  /** Kills it and waits until it is there again; undefined where it is a database like the others. */
  readonly crash: (() => Promise<void>) | undefined
  stop(): Promise<void>
}

export type EngineName = 'pg-boss' | 'restate'

export function pgBossDelivery(url: string, query: (sql: string) => Promise<unknown[][]>): Delivery {
  return {
    url,
    recoverySeconds: 15,
    hungSeconds: 15,
    places: 2,
    workerArgs: async () => [],
    dismissed: () => {},
    everything: async () => {
      const rows = await query(`
        select string_agg(t, E'\\n') from (
          select j::text as t from etl_engine.job j union all select l::text from etl_engine.etl_told l) all_of_it`)
      return String(rows[0]?.[0])
    },
    cancelledAt: async run => {
      const rows = await query(`
        select extract(epoch from completed_on)::float8 * 1000 from etl_engine.job
        where name like 'etl_run%' and singleton_key = '${run}'`)
      return Number(rows[0]?.[0])
    },
    crash: undefined,
    stop: async () => {},
  }
}

/** With a balancer, as it calls its workers at one address. */
export async function restateDelivery(): Promise<Delivery> {
  const server = await startRestate()
  const balancer = await startBalancer()
  return restateBehind(server, balancer)
}

function restateBehind(server: RestateServer, balancer: Balancer): Delivery {
  return {
    url: server.url,
    recoverySeconds: 2,
    // After its keep-alive twice.
    hungSeconds: 8,
    places: 5,
    workerArgs: () => balancer.join(),
    // Connections meant for them would all fall to the first that is there.
    dismissed: () => balancer.ports.clear(),
    everything: async () => {
      const all = [
        ...(await server.rows('select * from sys_invocation')),
        ...(await server.rows('select * from sys_journal')),
        ...(await server.rows('select * from state')),
      ]
      return all.map(row => `${JSON.stringify(row)} ${Buffer.from(String(row.raw ?? ''), 'hex')}`).join('\n')
    },
    cancelledAt: async run => {
      const [row] = await server.rows(`
        select j.appended_at from sys_journal j join sys_invocation i on i.id = j.id
        where i.target_service_name = 'etl_run_v1' and starts_with(i.idempotency_key, '${run}/')
        and j.entry_type = 'Notification: Signal'`)
      return Date.parse(String(row?.appended_at))
    },
    crash: () => server.crash(),
    stop: async () => {
      await balancer.close()
      await server.stop()
    },
  }
}
