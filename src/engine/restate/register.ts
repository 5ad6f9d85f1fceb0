import { EtlError } from '../../core/errors.js'
import { type Client, refused } from './client.js'
import { serviceName } from './names.js'
import type { Store } from './store.js'

/** Where Restate calls the workers of a label; undefined where none has registered. */
export async function registeredAt(client: Client, label: string | undefined): Promise<string | undefined> {
  const service = await client.ask('admin', `/services/${serviceName('chunk', label)}`)
  if (service.status === 404) return undefined
  const { deployment_id: id } = (service.body ?? {}) as { readonly deployment_id?: unknown }
  const deployment = await client.ask('admin', `/deployments/${String(id)}`)
  const { uri } = (deployment.body ?? {}) as { readonly uri?: unknown }
  if (typeof uri !== 'string') throw refused('to say where workers are', deployment.status, deployment.body)
  return uri
}

/**
 * Tells Restate where workers are called. It knows one address for all of a label: another one would have all work from
 * now on, and the workers at the first none; so that is refused as long as anybody answers there.
 */
export async function register(client: Client, label: string | undefined, address: string): Promise<void> {
  const before = await registeredAt(client, label)
  if (before !== undefined && same(before, address)) return
  if (before !== undefined && (await found(client, before, true)) === undefined) {
    throw new EtlError('E560', `the engine calls these workers at ${before}, not at ${address}`, {
      kind: 'usage',
      hint: `start all of them with --advertise ${before}, the address of their balancer; or move them: etl engine init --advertise ${address}`,
    })
  }
  await move(client, address)
}

/** From now on all work of the workers who answer at this address goes there. */
export async function move(client: Client, address: string): Promise<void> {
  const status = await found(client, address, false)
  if (status === undefined) return
  throw new EtlError('E560', `the engine cannot call workers at ${address}: HTTP ${status} of its registration`, {
    kind: 'connection',
    hint: 'is a worker, or the balancer in front of them, to be reached there from where Restate runs?',
  })
}

/**
 * Limits are of no label: the workers that registered last keep them for all. Where those do not answer any more, these
 * keep them from now on, and go on with what those began.
 */
export async function keepLimits(client: Client, store: Store, label: string | undefined): Promise<void> {
  const stuck = await store.stuckLimits()
  const here = stuck.length === 0 ? undefined : await registeredAt(client, label)
  if (here === undefined) return
  await move(client, here)
  for (const { id } of stuck.filter(({ begun }) => begun)) {
    // Only what is paused can be begun elsewhere. Whatever comes between is found at the next look.
    await client.ask('admin', `/invocations/${id}/pause`, { method: 'PATCH' })
    await client.ask('admin', `/invocations/${id}/resume?deployment=latest`, { method: 'PATCH' })
  }
}

/** Undefined where Restate finds workers at the address; else what it says. */
async function found(client: Client, uri: string, onlyLook: boolean): Promise<number | undefined> {
  const body = { uri, force: true, dry_run: onlyLook }
  const { status } = await client.ask('admin', '/deployments', { method: 'POST', body })
  return status === 200 || status === 201 ? undefined : status
}

function same(one: string, other: string): boolean {
  return new URL(one).href === new URL(other).href
}
