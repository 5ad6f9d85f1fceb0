import type { TableRef } from '../../core/catalog.js'
import type { MissingRight } from '../../core/connector.js'
import { quoteName } from '../../core/sql.js'
import { grantedRights } from './catalog.js'
import type { MyConnection } from './connection.js'
import { dialect } from './dialect.js'

/** Whoever creates a table here gets no rights on it by that. */
const WANTED = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE']

export async function missingCreateRight(
  connection: MyConnection,
  ref: Required<TableRef>,
): Promise<MissingRight | undefined> {
  const granted = await grantedRights(connection, ref)
  const missing = WANTED.filter(right => granted?.has(right) === false)
  if (missing.length === 0) return undefined
  const { rows } = await connection.run('select current_user()')
  const login = String(rows[0]?.[0])
  const at = login.lastIndexOf('@')
  const quoted = [login.slice(0, at), login.slice(at + 1)].map(part => quoteName(dialect, part)).join('@')
  return {
    message: missing.includes('CREATE')
      ? `${login} may not create tables in schema ${ref.schema}`
      : `${login} may create tables in schema ${ref.schema}, but not ${missing.join(', ').toLowerCase()} there`,
    hint: `\`grant ${missing.join(', ').toLowerCase()} on ${quoteName(dialect, ref.schema)}.* to ${quoted}\``,
  }
}
