import type { EngineFacts, TaskKind, TaskState, TaskStatus } from '../port.js'
import { LINES_A_PAGE } from './board.js'
import type { Client } from './client.js'
import { BOARD, LIMIT, serviceName } from './names.js'

const PAGES = 5

/** What is read of Restate's own tables: they answer also where no worker is there. */
export class Store {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** Oldest first. What was handed over is told of runs only: of chunks there may be many. */
  async tasks(kind: TaskKind, run: string | undefined): Promise<TaskStatus[]> {
    const rows = await this.#client.rows(
      `select id, idempotency_key, created_at, status, completion_result, completion_failure from sys_invocation
       where ${ofKind(kind)} and ${ofRun(run)} order by created_at, id`,
    )
    const [steps, data] = await Promise.all([this.#steps(kind, run), kind === 'run' ? this.#data(rows) : undefined])
    return rows.map(row => {
      const task = String(row.idempotency_key)
      const state = stateOf(row)
      return {
        id: task,
        kind,
        run: task.split('/')[0] ?? '',
        state,
        attempt: (steps.get(String(row.id)) ?? 0) - (state === 'done' || state === 'failed' ? 1 : 0),
        data: data?.get(String(row.id)) ?? {},
        createdAt: String(row.created_at),
      }
    })
  }

  /** What is not over of a run's tasks. */
  async unfinished(kind: TaskKind, run: string): Promise<string[]> {
    const rows = await this.#client.rows(
      `select id from sys_invocation where ${ofKind(kind)} and ${ofRun(run)} and status <> 'completed'`,
    )
    return rows.map(({ id }) => String(id))
  }

  /** Restate's id of a task. */
  async invocation(task: string): Promise<string | undefined> {
    const [row] = await this.#client.rows(
      `select id from sys_invocation where (${ofKind('run')} or ${ofKind('chunk')}) and idempotency_key = ${quoted(task)}`,
    )
    return row === undefined ? undefined : String(row.id)
  }

  /** Those of some invocations that are not over. */
  async alive(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return []
    const rows = await this.#client.rows(
      `select id from sys_invocation where id in (${ids.map(quoted).join(', ')}) and status <> 'completed'`,
    )
    return rows.map(({ id }) => String(id))
  }

  /** Calls of limits that others wait for, and that nobody answers, or nobody answered to their end. */
  async stuckLimits(): Promise<StuckCall[]> {
    const calls = await this.#client.rows(
      `select invocation_id from sys_keyed_service_status where service_name = '${LIMIT}'`,
    )
    if (calls.length === 0) return []
    const ids = calls.map(({ invocation_id }) => quoted(String(invocation_id)))
    const rows = await this.#client.rows(
      `select id, pinned_deployment_id from sys_invocation
       where id in (${ids.join(', ')}) and (retry_count > 1 or status = 'paused')`,
    )
    return rows.map(row => ({ id: String(row.id), begun: typeof row.pinned_deployment_id === 'string' }))
  }

  async told(run: string, after: number): Promise<{ readonly seq: number; readonly line: string }[]> {
    const first = Math.floor(after / LINES_A_PAGE)
    const keys = Array.from({ length: PAGES }, (_, n) => `'page/${first + n}'`)
    const rows = await this.#client.rows(
      `select key, value_utf8 from state where starts_with(service_name, '${BOARD}') and service_key = ${quoted(run)}
       and key in (${keys.join(', ')})`,
    )
    return rows
      .flatMap(({ key, value_utf8 }) => {
        const before = Number(String(key).split('/')[1]) * LINES_A_PAGE
        const lines = JSON.parse(String(value_utf8)) as readonly string[]
        return lines.map((line, n) => ({ seq: before + n + 1, line }))
      })
      .filter(({ seq }) => seq > after)
      .sort((a, b) => a.seq - b.seq)
  }

  async counts(): Promise<Pick<EngineFacts, 'waiting' | 'active' | 'failed'>> {
    const rows = await this.#client.rows(
      `select status, completion_result, completion_failure, count(*) as tasks from sys_invocation
       where ${ofKind('chunk')} group by status, completion_result, completion_failure`,
    )
    const of = (state: TaskState): number =>
      rows.filter(row => stateOf(row) === state).reduce((sum, row) => sum + Number(row.tasks), 0)
    return { waiting: of('waiting'), active: of('active'), failed: of('failed') }
  }

  /** What is in the journal of each: one step for each delivery that began, and one for its end. */
  async #steps(kind: TaskKind, run: string | undefined): Promise<Map<string, number>> {
    const rows = await this.#client.rows(
      `select j.id, count(*) as steps from sys_journal j join sys_invocation i on i.id = j.id
       where ${ofKind(kind)} and ${ofRun(run)} and j.entry_type = 'Notification: Run' group by j.id`,
    )
    return new Map(rows.map(({ id, steps }) => [String(id), Number(steps)]))
  }

  /** What each was handed over with: the first entry of its journal. */
  async #data(rows: readonly Readonly<Record<string, unknown>>[]): Promise<Map<string, TaskStatus['data']>> {
    if (rows.length === 0) return new Map()
    const entries = await this.#client.rows(
      `select id, entry_json from sys_journal
       where "index" = 0 and id in (${rows.map(({ id }) => quoted(String(id))).join(', ')})`,
    )
    return new Map(
      entries.map(({ id, entry_json }) => {
        const entry = JSON.parse(String(entry_json)) as Entry
        const payload = Buffer.from(entry.Command.Input.payload).toString('utf8')
        return [String(id), (JSON.parse(payload) as Pick<TaskStatus, 'data'>).data]
      }),
    )
  }
}

export interface StuckCall {
  readonly id: string
  /** It stays at the address that it was begun at. */
  readonly begun: boolean
}

interface Entry {
  readonly Command: { readonly Input: { readonly payload: readonly number[] } }
}

function ofKind(kind: TaskKind): string {
  const name = serviceName(kind, undefined)
  return `(target_service_name = '${name}' or starts_with(target_service_name, '${name}.'))`
}

function ofRun(run: string | undefined): string {
  return run === undefined ? 'idempotency_key is not null' : `starts_with(idempotency_key, ${quoted(`${run}/`)})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

const WAITING = new Set(['pending', 'scheduled', 'ready'])

function stateOf(row: Readonly<Record<string, unknown>>): TaskState {
  if (row.status !== 'completed') return WAITING.has(String(row.status)) ? 'waiting' : 'active'
  if (row.completion_result === 'success') return 'done'
  return String(row.completion_failure).startsWith('[409]') ? 'cancelled' : 'failed'
}
