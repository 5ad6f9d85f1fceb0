import { createHash } from 'node:crypto'
import type { PgBoss, Queue } from 'pg-boss'
import type { Task, TaskKind } from '../port.js'
import { HEARTBEAT_SECONDS } from './driver.js'

/** Changes when tasks come to mean something else: workers of another version do not see them. */
const PROTOCOL = 'v1'

export const DEAD = `etl_dead_${PROTOCOL}`

const DAY = 86_400

const COMMON: Omit<Queue, 'name'> = {
  heartbeatSeconds: HEARTBEAT_SECONDS,
  // The heartbeat says who is dead; time alone says nothing.
  expireInSeconds: DAY - 3600,
  retentionSeconds: 14 * DAY,
  deleteAfterSeconds: 14 * DAY,
  retryDelay: 1,
  retryBackoff: true,
  deadLetter: DEAD,
}

const OWN: Readonly<Record<TaskKind, Partial<Queue>>> = {
  // Whatever happens to those who have it, a run is to come to its end.
  run: { retryLimit: 1000, retryDelayMax: 5 },
  chunk: { retryLimit: 20, retryDelayMax: 60 },
}

export function queueName(kind: TaskKind, label: string | undefined): string {
  return `etl_${kind}_${PROTOCOL}${label === undefined ? '' : `.${label}`}`
}

export function kindOf(queue: string): TaskKind {
  return queue.startsWith('etl_run_') ? 'run' : 'chunk'
}

/** Creates them where they are missing; they stay as they were made. */
export async function createQueues(boss: PgBoss, label: string | undefined): Promise<void> {
  await boss.createQueue(DEAD, { retentionSeconds: 14 * DAY })
  for (const kind of ['run', 'chunk'] as const)
    await boss.createQueue(queueName(kind, label), { ...COMMON, ...OWN[kind] })
}

/** Jobs are named by UUIDs: the same task gives the same one. */
export function jobId({ id }: Pick<Task, 'id'>): string {
  const hex = createHash('sha256').update(id).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}
