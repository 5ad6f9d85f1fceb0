import type { Context } from '@restatedev/restate-sdk'
import type { Handler, TaskKind } from '../port.js'
import { KEEP } from './board.js'
import { deliver, type Payload, type TaskHost } from './deliver.js'
import { within } from './limits.js'
import { serviceName } from './names.js'
import { SOON } from './retry.js'

/** Restate would take a handler that says nothing for dead; a chunk may take hours. */
const SILENCE = { days: 365 } as const

/** Tasks of a kind as invocations of a service. What is done in one only the ledger knows. */
export function taskService(host: TaskHost, kind: TaskKind, handler: Handler, label: string | undefined) {
  return host.sdk.service({
    name: serviceName(kind, label),
    handlers: {
      task: (ctx: Context, task: Payload) =>
        within(host, ctx, task.limits, () => deliver(host, ctx, kind, handler, task)),
    },
    options: {
      idempotencyRetention: KEEP,
      journalRetention: KEEP,
      inactivityTimeout: SILENCE,
      abortTimeout: SILENCE,
      retryPolicy: SOON,
    },
  })
}
