import { EtlError } from '../core/errors.js'
import type { RemoteEngine } from './port.js'
import { isRestate } from './restate/address.js'

export interface EngineOptions {
  readonly applicationName: string
  /** Undefined: only hands work over and watches. Else so many tasks at a time. */
  readonly serves?: number
}

/** The engine of an address; what speaks to it is loaded only here. Throws E560 for one that nobody knows. */
export async function openEngine(url: string, options: EngineOptions): Promise<RemoteEngine> {
  if (isRestate(url)) {
    const { openRestate } = await import('./restate/open.js')
    return openRestate(url)
  }
  refuseUnknown(url)
  const { openPgBoss } = await import('./pg-boss/open.js')
  const { applicationName, serves } = options
  return openPgBoss(url, { applicationName, worker: serves !== undefined, connections: serves === undefined ? 2 : 4 })
}

/**
 * Creates what the engine needs where it lies, or brings it to this version.
 *
 * @param advertise for an engine that calls its workers: they are at this address from now on
 */
export async function initEngine(url: string, advertise?: string): Promise<void> {
  if (isRestate(url)) {
    const { initRestate } = await import('./restate/open.js')
    return initRestate(url, advertise)
  }
  refuseUnknown(url)
  const { initPgBoss } = await import('./pg-boss/open.js')
  await initPgBoss(url)
}

function refuseUnknown(url: string): void {
  if (/^postgres(?:ql)?:\/\//.test(url)) return
  throw new EtlError('E560', `no engine is known for addresses that begin with "${url.split(':')[0]}:"`, {
    kind: 'usage',
    hint: 'an engine is a PostgreSQL or a Restate: --engine postgres://etl@host/database, --engine restate://host:8080',
  })
}
