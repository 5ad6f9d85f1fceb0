import type { PgBoss } from 'pg-boss'
import type { EngineFacts, TaskKind, TaskState, TaskStatus } from '../port.js'
import { SCHEMA } from './driver.js'
import { kindOf, queueName } from './queues.js'

const TOLD = `${SCHEMA}.etl_told`
const JOB = `${SCHEMA}.job`
const LINES = 500

/** Lines that nobody will read any more. */
const KEEP_DAYS = 14

const STATES: Readonly<Record<string, TaskState>> = {
  created: 'waiting',
  retry: 'waiting',
  active: 'active',
  completed: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
}

export interface EndedJob {
  readonly id: string
  readonly state: TaskState
  readonly output: unknown
}

/** A job as it was given to a worker: a later delivery counts one more. */
export interface Fetched {
  readonly id: string
  readonly retryCount: number
}

/** How a job that was fetched ended for good. */
export interface Settlement {
  readonly job: Fetched
  readonly state: 'completed' | 'failed'
  readonly output: object
}

/** What workers listen to: the name of a queue that has jobs, or {@link CANCELLED}. */
export const CHANNEL = SCHEMA
export const CANCELLED = 'cancelled'

/** What is read and kept in the engine's database beside what pg-boss has calls for. */
export class Store {
  readonly #boss: PgBoss

  constructor(boss: PgBoss) {
    this.#boss = boss
  }

  async prepare(): Promise<void> {
    await this.#run(
      `create table if not exists ${TOLD} (
         run text not null,
         seq bigint generated always as identity,
         at timestamptz not null default now(),
         line text not null,
         primary key (run, seq)
       )`,
    )
    await this.#run(`delete from ${TOLD} where at < now() - interval '${KEEP_DAYS} days'`)
  }

  async isPrepared(): Promise<boolean> {
    const [row] = await this.#run(`select to_regclass('${TOLD}') is not null as there`)
    return row?.there === true
  }

  async ended(jobs: readonly { readonly queue: string; readonly id: string }[]): Promise<EndedJob[]> {
    const rows = await this.#run(
      `select id::text as id, state::text as state, output from ${JOB}
       where name = any($1) and id = any($2::uuid[]) and state in ('completed', 'failed', 'cancelled')`,
      [[...new Set(jobs.map(({ queue }) => queue))], jobs.map(({ id }) => id)],
    )
    return rows.map(({ id, state, output }) => ({ id: String(id), state: STATES[String(state)] ?? 'failed', output }))
  }

  /** Ends jobs, as far as they are still with whoever fetched them. */
  async settle(queue: string, some: readonly Settlement[]): Promise<void> {
    await this.#run(
      `update ${JOB} j set completed_on = ${SCHEMA}.job_now(), state = e.state::${SCHEMA}.job_state, output = e.output
       from unnest($2::uuid[], $3::int4[], $4::text[], $5::jsonb[]) as e (id, retry_count, state, output)
       where j.name = $1 and j.id = e.id and j.state = 'active' and j.retry_count = e.retry_count`,
      [
        queue,
        some.map(({ job }) => job.id),
        some.map(({ job }) => job.retryCount),
        some.map(({ state }) => state),
        some.map(({ output }) => JSON.stringify(output)),
      ],
    )
  }

  /** Tells that jobs are in work; gives those that are still with whoever fetched them. */
  async touch(queue: string, some: readonly Fetched[]): Promise<ReadonlySet<string>> {
    const rows = await this.#run(
      `update ${JOB} j set heartbeat_on = ${SCHEMA}.job_now()
       from unnest($2::uuid[], $3::int4[]) as f (id, retry_count)
       where j.name = $1 and j.id = f.id and j.state = 'active' and j.retry_count = f.retry_count returning j.id::text as id`,
      [queue, some.map(({ id }) => id), some.map(({ retryCount }) => retryCount)],
    )
    return new Set(rows.map(({ id }) => String(id)))
  }

  /** Where the server knows nothing of a table it takes a queue for a dozen jobs, and reads all of them to find one. */
  async analyze(): Promise<void> {
    await this.#run(`analyze ${JOB}`)
  }

  async notify(what: string): Promise<void> {
    await this.#run('select pg_notify($1, $2)', [CHANNEL, what])
  }

  /** Of one kind, over all labels, oldest first. */
  async tasks(kind: TaskKind, run: string | undefined): Promise<TaskStatus[]> {
    const rows = await this.#run(
      `select name, state::text as state, retry_count, data, created_on from ${JOB}
       where (name = $1 or name like $1 || '.%') and ($2::text is null or singleton_key = $2)
       order by created_on, id`,
      [queueName(kind, undefined), run ?? null],
    )
    return rows.map(row => {
      const job = row.data as { readonly id: string; readonly run: string; readonly data: TaskStatus['data'] }
      return {
        id: job.id,
        kind: kindOf(String(row.name)),
        run: job.run,
        state: STATES[String(row.state)] ?? 'failed',
        attempt: Number(row.retry_count) + 1,
        data: job.data,
        createdAt: (row.created_on as Date).toISOString(),
      }
    })
  }

  /** What is not over of a run's tasks, by queue; what keeps others going comes first. */
  async unfinished(run: string): Promise<Map<string, string[]>> {
    const rows = await this.#run(
      `select name, id::text as id from ${JOB} where singleton_key = $1 and state < 'completed' order by name desc`,
      [run],
    )
    const found = new Map<string, string[]>()
    for (const { name, id } of rows) found.set(String(name), [...(found.get(String(name)) ?? []), String(id)])
    return found
  }

  async tell(run: string, lines: readonly string[]): Promise<void> {
    await this.#run(
      `insert into ${TOLD} (run, line) select $1, line from unnest($2::text[]) with ordinality as l(line, n) order by n`,
      [run, lines],
    )
  }

  async told(run: string, after: number): Promise<{ readonly seq: number; readonly line: string }[]> {
    const rows = await this.#run(
      `select seq::float8 as seq, line from ${TOLD} where run = $1 and seq > $2 order by seq limit ${LINES}`,
      [run, after],
    )
    return rows.map(({ seq, line }) => ({ seq: Number(seq), line: String(line) }))
  }

  async counts(): Promise<Pick<EngineFacts, 'waiting' | 'active' | 'failed'>> {
    const rows = await this.#run(
      `select state::text as state, count(*)::int as jobs from ${JOB} where name like 'etl\\_chunk\\_%' group by state`,
    )
    const of = (state: TaskState): number =>
      rows.filter(row => STATES[String(row.state)] === state).reduce((sum, row) => sum + Number(row.jobs), 0)
    return { waiting: of('waiting'), active: of('active'), failed: of('failed') }
  }

  async #run(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const { rows } = await this.#boss.getDb().executeSql(sql, values)
    return rows as Record<string, unknown>[]
  }
}
