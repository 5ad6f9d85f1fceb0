import type { MissingRight } from '../../core/connector.js'
import type { OracleConnection } from './connection.js'

/** What the dictionary says of the login. */
export interface LoginRights {
  readonly login: string
  readonly privileges: ReadonlySet<string>
  /** Its default tablespace. */
  readonly tablespace: string
  /** May it put anything there? */
  readonly space: boolean
}

/** Whoever creates a table for another schema gets no rights on it by that. */
const ELSEWHERE = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'].map(right => `${right} ANY TABLE`)

export async function missingCreateRight(
  connection: OracleConnection,
  schema: string,
): Promise<MissingRight | undefined> {
  const { rows } = await connection.run(
    `select u.username, u.default_tablespace,
       (select count(*) from user_ts_quotas q where q.tablespace_name = u.default_tablespace and q.max_bytes <> 0)
     from user_users u`,
  )
  const [login, tablespace, quotas] = rows[0] ?? []
  const privileges = new Set(
    (await connection.run('select privilege from session_privs')).rows.map(row => String(row[0])),
  )
  const space = Number(quotas) > 0 || privileges.has('UNLIMITED TABLESPACE')
  return missingOf({ login: String(login), privileges, tablespace: String(tablespace), space }, schema)
}

export function missingOf(
  { login, privileges, tablespace, space }: LoginRights,
  schema: string,
): MissingRight | undefined {
  // What is named without quotes is stored in upper case.
  const own = schema === login || schema.toUpperCase() === login
  const wanted = !own ? ELSEWHERE : privileges.has('CREATE ANY TABLE') ? [] : ['CREATE TABLE']
  const missing = wanted.filter(right => !privileges.has(right))
  if (missing.some(right => right.startsWith('CREATE'))) {
    const message = `${login} may not create tables in schema ${schema}`
    return { message, hint: `\`grant ${missing.join(', ').toLowerCase()} to ${quoted(login)}\`` }
  }
  if (missing.length > 0) {
    const rights = missing.join(', ').toLowerCase()
    const message = `${login} may create tables in schema ${schema}, but lacks ${rights}`
    return { message, hint: `\`grant ${rights} to ${quoted(login)}\`` }
  }
  // Of another schema's tablespace the login is told nothing.
  if (!own || space) return undefined
  return {
    message: `${login} has no quota on its tablespace ${tablespace}, so no table there can hold a row`,
    hint: `\`alter user ${quoted(login)} quota unlimited on ${quoted(tablespace)}\``,
  }
}

function quoted(name: string): string {
  return `"${name}"`
}
