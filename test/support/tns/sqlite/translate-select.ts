import { notUnderstood, OraError } from '../ora-error.js'
import { isLob } from '../ora-type.js'
import type { Expr, From, Select } from './ast.js'
import { convert, type Typed } from './convert.js'
import { dictionaryView } from './dictionary.js'
import {
  condition,
  type Environment,
  type Scope,
  type Source,
  type SourceColumn,
  type TranslatedSelect,
  value,
} from './translate.js'

interface Output {
  readonly name: string
  readonly typed: Typed
}

/** A whole select; its columns are called `c1`, `c2` … in the storage's SQL. */
export function translateSelect(select: Select, outer: Scope | undefined, env: Environment): TranslatedSelect {
  for (const { name, select: inner } of select.with) env.named.set(name, inner)
  const from = select.from === undefined ? undefined : translateFrom(select.from, outer, env)
  const scope: Scope = { sources: from?.sources ?? [], outer }
  const outputs = select.items.flatMap((item): Output[] =>
    'star' in item ? starred(item.star, scope) : [output(item.expr, item.alias, scope, env)],
  )
  const { rest, rows } = takeRowNumber(select.where, scope, env)
  const listed = outputs.map((one, i) => `${one.typed.sql} AS c${i + 1}`).join(', ')
  let sql = `SELECT ${select.distinct ? 'DISTINCT ' : ''}${listed}`
  if (from !== undefined) sql += ` FROM ${from.sql}`
  if (rest !== undefined) sql += ` WHERE ${condition(rest, scope, env)}`
  if (select.groupBy.length > 0) sql += ` GROUP BY ${select.groupBy.map(expr => grouped(expr, scope, env)).join(', ')}`
  if (select.having !== undefined) sql += ` HAVING ${condition(select.having, scope, env)}`
  for (const { op, select: other } of select.union)
    sql += ` ${op.toUpperCase()} ${translateSelect(other, outer, env).sql}`
  if (select.orderBy.length > 0) sql += ` ORDER BY ${orderSql(select, outputs, scope, env)}`
  sql += limitSql(select, rows, scope, env)
  return {
    sql,
    columns: outputs.map(({ name, typed }) => ({
      name,
      type: typed.type ?? { kind: 'VARCHAR2', length: 1 },
      nullable: typed.nullable ?? true,
    })),
    types: outputs.map(({ typed }) => typed.type),
  }
}

function output(expr: Expr, alias: string | undefined, scope: Scope, env: Environment): Output {
  return { name: alias ?? nameOf(expr), typed: value(expr, scope, env) }
}

/** The name that a column without an alias gets: its own, or the words of the expression. */
function nameOf(expr: Expr): string {
  switch (expr.is) {
    case 'column':
      return expr.path.at(-1) ?? ''
    case 'call':
      return `${expr.name}(${expr.star ? '*' : expr.args.map(nameOf).join(',')})`
    case 'text':
      return `'${expr.value}'`
    case 'number':
      return expr.value
    case 'bind':
      return `:${expr.index + 1}`
    case 'arithmetic':
      return `${nameOf(expr.left)}${expr.op}${nameOf(expr.right)}`
    default:
      return expr.is.toUpperCase()
  }
}

function starred(qualifier: string | undefined, scope: Scope): Output[] {
  const sources = scope.sources.filter(source => qualifier === undefined || source.alias === qualifier)
  if (sources.length === 0) throw new OraError(904, `"${qualifier}": invalid identifier`)
  return sources.flatMap(source => source.columns.map(column => ({ name: column.name, typed: column })))
}

function grouped(expr: Expr, scope: Scope, env: Environment): string {
  const { sql, type } = value(expr, scope, env)
  if (type !== undefined && isLob(type)) throw new OraError(932, `inconsistent datatypes: expected - got ${type.kind}`)
  return sql
}

function orderSql(select: Select, outputs: readonly Output[], scope: Scope, env: Environment): string {
  return select.orderBy
    .map(({ expr, descending, nullsFirst }) => {
      const position =
        expr.is === 'number'
          ? Number(expr.value)
          : expr.is === 'column' && expr.path.length === 1
            ? outputs.findIndex(one => one.name === expr.path[0]) + 1
            : 0
      const typed = position > 0 ? outputs[position - 1]?.typed : undefined
      const by = position > 0 ? `c${position}` : value(expr, scope, env).sql
      const kind = typed?.type?.kind
      if (kind === 'CLOB' || kind === 'BLOB' || kind === 'NCLOB')
        throw new OraError(932, `inconsistent datatypes: expected - got ${kind}`)
      return `${by} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
    })
    .join(', ')
}

/** Takes `rownum <= n` out of the conditions: it is a limit, and only where nothing is sorted after it. */
function takeRowNumber(
  where: Expr | undefined,
  scope: Scope,
  env: Environment,
): { rest: Expr | undefined; rows: string | undefined } {
  if (where === undefined) return { rest: undefined, rows: undefined }
  if (where.is === 'logic' && where.op === 'and') {
    const left = takeRowNumber(where.left, scope, env)
    const right = takeRowNumber(where.right, scope, env)
    if (left.rows === undefined && right.rows === undefined) return { rest: where, rows: undefined }
    const rest =
      left.rest === undefined
        ? right.rest
        : right.rest === undefined
          ? left.rest
          : { ...where, left: left.rest, right: right.rest }
    return { rest, rows: left.rows ?? right.rows }
  }
  if (where.is === 'compare' && where.left.is === 'column' && where.left.path.join() === 'ROWNUM') {
    const bound = `i_num(${convert(value(where.right, scope, env), 'NUMBER', env.nls)})`
    if (where.op === '<=') return { rest: undefined, rows: bound }
    if (where.op === '<') return { rest: undefined, rows: `${bound} - 1` }
    throw notUnderstood(`ROWNUM ${where.op}`)
  }
  return { rest: where, rows: undefined }
}

function limitSql(select: Select, rows: string | undefined, scope: Scope, env: Environment): string {
  if (rows !== undefined && (select.orderBy.length > 0 || select.union.length > 0))
    throw notUnderstood('ROWNUM beside ORDER BY')
  const count = (expr: Expr): string => `i_num(${convert(value(expr, scope, env), 'NUMBER', env.nls)})`
  const limit = rows ?? (select.rows === undefined ? undefined : count(select.rows))
  if (limit === undefined && select.offset === undefined) return ''
  const offset = select.offset === undefined ? '' : ` OFFSET ${count(select.offset)}`
  return ` LIMIT ${limit === undefined ? '-1' : `max(0, ${limit})`}${offset}`
}

interface TranslatedFrom {
  readonly sql: string
  readonly sources: readonly Source[]
}

export function translateFrom(from: From, outer: Scope | undefined, env: Environment): TranslatedFrom {
  if (from.is === 'join') {
    const left = translateFrom(from.left, outer, env)
    const right = translateFrom(from.right, outer, env)
    const sources = [...left.sources, ...right.sources]
    if (from.on === undefined) return { sql: `${left.sql} CROSS JOIN ${right.sql}`, sources }
    const on = condition(from.on, { sources, outer }, env)
    return { sql: `${left.sql} ${from.kind === 'left' ? 'LEFT' : 'INNER'} JOIN ${right.sql} ON ${on}`, sources }
  }
  if (from.asOf !== undefined) {
    env.flashback.scns.push(value(from.asOf, { sources: [], outer }, env))
    const { asOf: _, ...present } = from
    return translateFrom(present, outer, { ...env, past: true })
  }
  const alias = `s${++env.counter.value}`
  if (from.is === 'select') return subselect(from.select, from.alias, alias, outer, env)
  const { table } = from
  const shown = from.alias ?? table.name
  const named = table.schema === undefined ? env.named.get(table.name) : undefined
  if (named !== undefined) return subselect(named, shown, alias, undefined, env)
  const found = env.catalog.table(table, env.schema)
  if (found !== undefined) {
    env.flashback.present ||= env.past !== true
    return { sql: `${found.physical} AS ${alias}`, sources: [tableSource(found, shown, alias, env)] }
  }
  const view = env.catalog.view(table, env.schema)
  if (view !== undefined) {
    const inner = translateSelect(view.select, undefined, { ...env, schema: view.owner, named: new Map() })
    const columns = view.columns.map(
      (column, i): SourceColumn => ({
        name: column.name,
        sql: `${alias}.c${i + 1}`,
        type: column.type,
        nullable: true,
      }),
    )
    return { sql: `(${inner.sql}) AS ${alias}`, sources: [{ alias: shown, columns }] }
  }
  const system = dictionaryView(table)
  if (system !== undefined) {
    const columns = system.columns.map(
      ([name, kind], i): SourceColumn => ({
        name,
        sql: `${alias}.c${i + 1}`,
        type: kind === 'N' ? { kind: 'NUMBER' } : { kind: 'VARCHAR2', length: 4000 },
        nullable: true,
      }),
    )
    return { sql: `${system.physical} AS ${alias}`, sources: [{ alias: shown, columns }] }
  }
  throw new OraError(942, 'table or view does not exist')
}

function subselect(
  select: Select,
  shown: string | undefined,
  alias: string,
  outer: Scope | undefined,
  env: Environment,
): TranslatedFrom {
  const inner = translateSelect(select, outer, env)
  const columns = inner.columns.map(
    (column, i): SourceColumn => ({
      name: column.name,
      sql: `${alias}.c${i + 1}`,
      type: inner.types[i],
      nullable: column.nullable,
    }),
  )
  return { sql: `(${inner.sql}) AS ${alias}`, sources: [{ alias: shown, columns }] }
}

/** A stored table's columns; a virtual one stands for its expression. */
export function tableSource(
  table: NonNullable<ReturnType<Environment['catalog']['table']>>,
  shown: string,
  alias: string,
  env: Environment,
): Source {
  const stored = table.columns
    .filter(column => column.virtual === undefined)
    .map(
      (column): SourceColumn => ({
        name: column.name,
        sql: `${alias}.${column.physical}`,
        type: column.type,
        nullable: !column.notNull,
      }),
    )
  const own: Scope = { sources: [{ alias: shown, columns: stored }], outer: undefined }
  const columns = table.columns.map((column): SourceColumn => {
    if (column.virtual === undefined) return stored.find(one => one.name === column.name) as SourceColumn
    return { name: column.name, sql: value(column.virtual, own, env).sql, type: column.type, nullable: true }
  })
  return { alias: shown, columns, rowid: `${alias}.rowid` }
}
