import { isAbsolute, relative, resolve } from 'node:path'
import type { Location } from '../inspect/location.js'

/** A connection as the file says it: nothing that could be a secret, only names of variables. */
export interface ConnectionText {
  readonly block: Readonly<Record<string, string | readonly string[]>> & { readonly type: string }
  /** What `.env` is to hold: name and an example of the value. */
  readonly variables: readonly (readonly [name: string, example: string])[]
}

export interface Folders {
  /** Relative paths of the address start here. */
  readonly baseDir: string
  /** That of the pipeline file, absolute; relative paths of the file start here. */
  readonly folder: string
}

export function connectionText(
  url: string,
  { config, dir }: Location,
  prefix: 'SOURCE' | 'TARGET',
  folders: Folders,
): ConnectionText {
  const { type } = config
  if (type === 'sqlite') return { block: { type, path: pathFrom(folders, String(config.path)) }, variables: [] }
  if (type === 'oracle') {
    const [connect, user, password] = ['CONNECT_STRING', 'USER', 'PASSWORD'].map(name => `${prefix}_${name}`)
    const port = config.port === undefined ? '' : `:${config.port}`
    return {
      block: { type, connect_string: `\${${connect}}`, user: `\${${user}}`, password: `\${${password}}` },
      variables: [
        [connect ?? '', `${config.host}${port}/${config.service}`],
        [user ?? '', String(config.user)],
        [password ?? '', ''],
      ],
    }
  }
  if (dir !== undefined) {
    if (prefix === 'TARGET') return { block: { type, path: pathFrom(folders, dir) || '.' }, variables: [] }
    const path = pathFrom(folders, dir)
    const isInside = !isAbsolute(path) && !path.startsWith('..')
    return { block: { type, ...(isInside ? {} : { roots: [path] }) }, variables: [] }
  }
  return { block: { type, url: `\${${prefix}_URL}` }, variables: [[`${prefix}_URL`, withoutPassword(url)]] }
}

/** Everything of an address but its password. */
function withoutPassword(text: string): string {
  const url = new URL(text)
  if (url.password !== '') url.password = 'PASSWORD'
  for (const name of [...url.searchParams.keys()]) {
    if (/password|token|secret/i.test(name)) url.searchParams.set(name, 'SECRET')
  }
  return url.toString()
}

/** A path of the address as the file says it: an absolute one stays so where it lies elsewhere. */
export function pathFrom({ baseDir, folder }: Folders, path: string): string {
  const way = relative(folder, resolve(baseDir, path))
  return isAbsolute(path) && way.startsWith('..') ? path : way
}

/** A `.env.example`: the names that the file asks for, and values without their secrets; undefined where it asks for none. */
export function dotenvText(connections: readonly ConnectionText[]): string | undefined {
  const lines = connections.flatMap(({ variables }) => variables.map(([name, value]) => `${name}=${value}`))
  if (lines.length === 0) return undefined
  return `${['# Copy to .env, fill in what is secret, and keep .env out of version control.', ...lines].join('\n')}\n`
}
