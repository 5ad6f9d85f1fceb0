import { EtlError } from '../../core/errors.js'
import type { RemoteEngine } from '../port.js'
import { restateAddress } from './address.js'
import { Client } from './client.js'
import { RestateEngine } from './engine.js'
import { move } from './register.js'

/** The first that keeps what an error says beside its message. */
const OLDEST = [1, 6] as const

/** @throws EtlError E560 where no Restate answers, or one that is too old */
export async function openRestate(url: string): Promise<RemoteEngine> {
  const client = new Client(restateAddress(url))
  try {
    return new RestateEngine(client, await versionOf(client))
  } catch (error) {
    client.close()
    throw error
  }
}

/** Nothing is to be created; with `advertise` the workers' address is made known, or changed. */
export async function initRestate(url: string, advertise: string | undefined): Promise<void> {
  const client = new Client(restateAddress(url))
  try {
    await versionOf(client)
    if (advertise !== undefined) await move(client, advertise)
  } finally {
    client.close()
  }
}

async function versionOf(client: Client): Promise<string> {
  const { body } = await client.ask('admin', '/version')
  const { version } = (body ?? {}) as { readonly version?: unknown }
  const [major = 0, minor = 0] = String(version).split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return String(version)
  throw new EtlError('E560', `what answers at ${client.address.admin} is no Restate of ${OLDEST.join('.')} or later`, {
    kind: 'usage',
    hint: 'is the port right? restate://host:8080?admin=9070',
  })
}
