import { EtlError } from '../../core/errors.js'

/** Where a Restate server answers. */
export interface RestateAddress {
  /** Takes work and gives results. */
  readonly ingress: string
  /** Registers workers, lists and cancels. */
  readonly admin: string
  /** For people. */
  readonly label: string
}

/** `restate://host:8080?admin=9070`; `restates:` by TLS. Both ports may be left out. Throws E560 for what else is in it. */
export function restateAddress(text: string): RestateAddress {
  const url = new URL(text)
  const { protocol, hostname, port, username, password, pathname, searchParams } = url
  const admin = searchParams.get('admin') ?? '9070'
  const unknown = [...searchParams.keys()].find(name => name !== 'admin')
  if (hostname === '' || !/^([^/:@]+:)?\d+$/.test(admin) || unknown !== undefined || !/^\/?$/.test(pathname)) {
    throw unusable('the address of the engine is not one of a Restate', 'restate://host:8080?admin=9070')
  }
  if (username !== '' || password !== '')
    throw unusable(
      'a Restate knows no logins',
      'leave the login out; who may reach its ports is for the network to say',
    )
  const scheme = protocol === 'restates:' ? 'https' : 'http'
  return {
    ingress: `${scheme}://${hostname}:${port || '8080'}`,
    admin: `${scheme}://${admin.includes(':') ? admin : `${hostname}:${admin}`}`,
    label: `${hostname}:${port || '8080'}`,
  }
}

export function isRestate(url: string): boolean {
  return /^restates?:\/\//.test(url)
}

function unusable(message: string, hint: string): EtlError {
  return new EtlError('E560', message, { kind: 'usage', hint })
}
