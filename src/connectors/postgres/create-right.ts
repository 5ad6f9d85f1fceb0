import type { MissingRight } from '../../core/connector.js'
import type { PgConnection } from './connection.js'

export async function missingCreateRight(connection: PgConnection, schema: string): Promise<MissingRight | undefined> {
  const { rows } = await connection.run(
    `select current_user, quote_ident(current_user), quote_ident($1), n.oid is not null,
       coalesce(has_schema_privilege(n.oid, 'CREATE') and has_schema_privilege(n.oid, 'USAGE'), false)
     from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = $1`,
    [schema],
  )
  const [login, quotedLogin, quotedSchema, exists, may] = rows[0] ?? []
  if (may === 't') return undefined
  if (exists === 'f') {
    const hint = `\`create schema ${quotedSchema} authorization ${quotedLogin}\``
    return { message: `schema ${schema} does not exist, so ${login} cannot create tables in it`, hint }
  }
  const hint = `\`grant usage, create on schema ${quotedSchema} to ${quotedLogin}\``
  return { message: `${login} may not create tables in schema ${schema}`, hint }
}
