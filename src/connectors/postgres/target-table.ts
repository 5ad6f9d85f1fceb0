import type { Column } from '../../core/catalog.js'
import { formatTable } from '../../core/catalog.js'
import type { WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { PgConnection } from './connection.js'
import { quoteRef } from './dialect.js'

/** What a writer must know of its table before the first row. */
export interface TargetTable {
  /** Quoted, for SQL. */
  readonly sql: string
  readonly partitioned: boolean
  /** The primary key's constraint, and those on exactly the match columns. */
  readonly identifying: ReadonlySet<string>
  /** Makes the value of `returning`. */
  readonly keyExpression: string | undefined
}

/** Refuses what could write a row to the wrong place: a match that more than one row may have, or that null leaves out. */
export async function inspectTarget(connection: PgConnection, spec: WriteSpec): Promise<TargetTable> {
  const sql = quoteRef(spec.table)
  const relation = await connection.run(`select c.relkind from pg_catalog.pg_class c where c.oid = to_regclass($1)`, [
    sql,
  ])
  const kind = relation.rows[0]?.[0]
  if (kind === undefined) throw refusal(spec, 'E208', 'does not exist', 'create it, or set `create: if_missing`')
  const indexes = await connection.run(
    `select r.relname, i.indisprimary, (select json_agg(a.attname) from pg_catalog.pg_attribute a
       where a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]))
     from pg_catalog.pg_index i join pg_catalog.pg_class r on r.oid = i.indexrelid
     where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid and i.indimmediate
       and i.indpred is null and i.indexprs is null`,
    [sql],
  )
  const matching = indexes.rows.filter(row => sameNames(JSON.parse(row[2] ?? '[]') as string[], spec.match))
  if (spec.mode !== 'insert') checkMatch(spec, matching.length > 0)
  const identifying = [...matching, ...indexes.rows.filter(row => row[1] === 't')]
  return {
    sql,
    partitioned: kind === 'p',
    identifying: new Set(identifying.map(row => row[0] as string)),
    keyExpression: spec.returning === undefined ? undefined : await keyExpression(connection, spec, spec.returning),
  }
}

function checkMatch(spec: WriteSpec, unique: boolean): void {
  const list = spec.match.join(', ')
  if (spec.match.length === 0) {
    throw refusal(spec, 'E210', `has no key to match rows by for \`load: ${spec.mode}\``, 'name the columns in `match`')
  }
  const missing = spec.match.find(name => !spec.columns.some(column => column.name === name))
  if (missing !== undefined) {
    throw refusal(spec, 'E217', `cannot be matched by ${missing}: nothing is written to it`, 'add it to `fields`')
  }
  const nullable = spec.columns.find(column => spec.match.includes(column.name) && column.nullable)
  if (nullable !== undefined) {
    const hint = 'match by columns that are NOT NULL: two nulls are never the same row'
    throw refusal(spec, 'E217', `cannot be matched by ${nullable.name}: it may be null`, hint)
  }
  if (!unique && !spec.unkeyed) {
    const hint = `create a unique index on (${list}), or match by the primary key`
    throw refusal(
      spec,
      'E217',
      `cannot be matched by (${list}): no unique constraint covers exactly these columns`,
      hint,
    )
  }
}

async function keyExpression(connection: PgConnection, spec: WriteSpec, key: Column): Promise<string> {
  const result = await connection.run(
    `select case when a.attidentity <> '' then pg_get_serial_sequence($1, $2) end, pg_get_expr(d.adbin, d.adrelid)
     from pg_catalog.pg_attribute a
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = to_regclass($1) and a.attname = $2`,
    [quoteRef(spec.table), key.name],
  )
  const [sequence, expression] = result.rows[0] ?? []
  if (sequence) return `nextval('${sequence.replaceAll("'", "''")}')`
  if (expression && key.generated !== 'stored') return expression
  const hint = 'give it an identity or a default, or map it'
  throw refusal(spec, 'E217', `cannot tell the generated ${key.name}: the database has no default for it`, hint)
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(name => b.includes(name))
}

function refusal(spec: WriteSpec, code: 'E208' | 'E210' | 'E217', message: string, hint: string): EtlError {
  return new EtlError(code, `table ${formatTable(spec.table)} ${message}`, { kind: 'usage', hint })
}
