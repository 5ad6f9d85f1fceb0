import { OraError } from '../ora-error.js'
import type { OraType } from '../ora-type.js'
import type { Assignment, Expr, Statement } from './ast.js'
import type { ColumnDef, TableDef } from './catalog.js'
import { assign, sqlText, type Typed } from './convert.js'
import { condition, EMPTY_SCOPE, type Environment, type Scope, type Source, value } from './translate.js'
import { tableSource, translateFrom, translateSelect } from './translate-select.js'

/** One statement of the storage; `returning` ones give rows. */
export interface DmlPlan {
  readonly is: 'insert' | 'update' | 'delete'
  readonly table: TableDef
  readonly sql: string
  readonly returning: readonly OraType[]
  /** Rows that a change would touch, for the row locks of others. */
  readonly touched?: string
}

export interface MergePlan {
  readonly is: 'merge'
  readonly table: TableDef
  /** Source columns, then the target's rowid or null. */
  readonly join: string
  readonly width: number
  readonly update: string | undefined
  readonly insert: string | undefined
  /** Condition of the update, over the same variables. */
  readonly returning: readonly OraType[]
}

export function planInsert(statement: Statement & { is: 'insert' }, env: Environment): DmlPlan {
  const table = env.catalog.needTable(statement.table, env.schema)
  const columns =
    statement.columns?.map(name => columnOf(table, name)) ??
    table.columns.filter(column => column.virtual === undefined)
  let rows: string
  const { values } = statement
  if ('items' in values) {
    const select = translateSelect(values, undefined, env)
    if (select.columns.length !== columns.length) throw new OraError(913, 'too many values')
    const given = columns.map(
      (column, i): Typed => ({ sql: `s.c${i + 1}`, type: select.types[i] ?? undefined, nullable: !column.notNull }),
    )
    rows = `SELECT ${insertValues(table, columns, given, env)} FROM (${select.sql}) AS s WHERE true`
  } else {
    const row = (exprs: readonly Expr[]): string => {
      if (exprs.length < columns.length) throw new OraError(947, 'not enough values')
      if (exprs.length > columns.length) throw new OraError(913, 'too many values')
      const given = exprs.map(expr => (expr.is === 'default' ? undefined : value(expr, EMPTY_SCOPE, env)))
      return `(${insertValues(table, columns, given, env)})`
    }
    rows = `VALUES ${values.map(row).join(', ')}`
  }
  return {
    is: 'insert',
    table,
    sql: `INSERT INTO ${table.physical} (${storedColumns(table)}) ${rows}${returningSql(statement.returning, table, env).sql}`,
    returning: returningSql(statement.returning, table, env).types,
  }
}

function storedColumns(table: TableDef): string {
  return table.columns
    .filter(column => column.virtual === undefined)
    .map(column => column.physical)
    .join(', ')
}

/** A value for every stored column: the given one, the default, the next of the identity, or null. */
function insertValues(
  table: TableDef,
  columns: readonly ColumnDef[],
  given: readonly (Typed | undefined)[],
  env: Environment,
): string {
  for (const column of columns) {
    if (column.virtual !== undefined) throw new OraError(54013, 'INSERT operation disallowed on virtual columns')
    if (column.identity?.kind === 'ALWAYS' && given[columns.indexOf(column)] !== undefined)
      throw new OraError(32795, 'cannot insert into a generated always identity column')
  }
  return table.columns
    .filter(column => column.virtual === undefined)
    .map(column => {
      const at = columns.indexOf(column)
      const explicit = at < 0 ? undefined : given[at]
      const fallback = defaultOf(column, table, env)
      if (explicit === undefined) return fallback
      const sql = assign(explicit, column, table, env.nls)
      return column.identity?.kind === 'BY DEFAULT ON NULL' ? `coalesce(${sql}, ${fallback})` : sql
    })
    .join(', ')
}

function defaultOf(column: ColumnDef, table: TableDef, env: Environment): string {
  if (column.identity !== undefined) return `x_nextval(${sqlText(table.owner)}, ${sqlText(column.identity.sequence)})`
  if (column.default === undefined) return 'NULL'
  return assign(value(column.default, EMPTY_SCOPE, env), column, table, env.nls)
}

export function planUpdate(statement: Statement & { is: 'update' }, env: Environment): DmlPlan {
  const table = env.catalog.needTable(statement.table, env.schema)
  const scope = ownScope(table, statement.alias, env)
  const where = statement.where === undefined ? '' : ` WHERE ${condition(statement.where, scope, env)}`
  const returning = returningSql(statement.returning, table, env)
  return {
    is: 'update',
    table,
    sql: `UPDATE ${table.physical} SET ${setSql(statement.set, table, scope, env)}${where}${returning.sql}`,
    returning: returning.types,
    touched: `SELECT rowid FROM ${table.physical}${where}`,
  }
}

export function planDelete(statement: Statement & { is: 'delete' }, env: Environment): DmlPlan {
  const table = env.catalog.needTable(statement.table, env.schema)
  const scope = ownScope(table, statement.alias, env)
  const where = statement.where === undefined ? '' : ` WHERE ${condition(statement.where, scope, env)}`
  const returning = returningSql(statement.returning, table, env)
  return {
    is: 'delete',
    table,
    sql: `DELETE FROM ${table.physical}${where}${returning.sql}`,
    returning: returning.types,
    touched: `SELECT rowid FROM ${table.physical}${where}`,
  }
}

export function planMerge(statement: Statement & { is: 'merge' }, env: Environment): MergePlan {
  const table = env.catalog.needTable(statement.table, env.schema)
  const source = translateFrom(statement.source, undefined, env)
  const columns = source.sources.flatMap(one => one.columns)
  const target = tableSource(table, statement.alias ?? statement.table.name, 't', env)
  const on = condition(statement.on, { sources: [...source.sources, target], outer: undefined }, env)
  const join = `SELECT ${[...columns.map(column => column.sql), 't.rowid'].join(', ')} FROM ${source.sql} LEFT JOIN ${table.physical} AS t ON ${on}`
  // In what follows the source's row comes in variables, so that the join is looked at before anything changes.
  let at = 0
  const asVariables = source.sources.map(
    (one): Source => ({ ...one, columns: one.columns.map(column => ({ ...column, sql: `@m${at++}` })) }),
  )
  let update: string | undefined
  if (statement.update !== undefined) {
    const keys = new Set(columnsIn(statement.on))
    const changed = statement.update.set.find(
      ({ column }) =>
        keys.has(column) &&
        target.columns.some(one => one.name === column) &&
        onTarget(statement.on, column, statement.alias ?? statement.table.name),
    )
    if (changed !== undefined)
      throw new OraError(38104, `Columns referenced in the ON Clause cannot be updated: "${changed.column}"`)
    const plain = tableSource(table, statement.alias ?? statement.table.name, table.physical, env)
    const scope: Scope = { sources: [plain, ...asVariables], outer: undefined }
    const where = statement.update.where === undefined ? '' : ` AND (${condition(statement.update.where, scope, env)})`
    update = `UPDATE ${table.physical} SET ${setSql(statement.update.set, table, scope, env)} WHERE ${table.physical}.rowid = @rid${where}`
  }
  let insert: string | undefined
  if (statement.insert !== undefined) {
    const scope: Scope = { sources: asVariables, outer: undefined }
    const given = statement.insert.columns.map(name => columnOf(table, name))
    const values = statement.insert.values.map(expr => (expr.is === 'default' ? undefined : value(expr, scope, env)))
    if (given.length !== values.length)
      throw new OraError(values.length < given.length ? 947 : 913, 'not enough values')
    const where = statement.insert.where === undefined ? 'true' : condition(statement.insert.where, scope, env)
    insert = `INSERT INTO ${table.physical} (${storedColumns(table)}) SELECT ${insertValues(table, given, values, env)} WHERE ${where}`
  }
  return { is: 'merge', table, join, width: columns.length, update, insert, returning: [] }
}

function onTarget(on: Expr, column: string, alias: string): boolean {
  return columnPaths(on).some(path => path.at(-1) === column && (path.length === 1 || path.at(-2) === alias))
}

function columnsIn(expr: Expr): string[] {
  return columnPaths(expr).map(path => path.at(-1) ?? '')
}

function columnPaths(expr: Expr): (readonly string[])[] {
  if (expr.is === 'column') return [expr.path]
  if (expr.is === 'logic' || expr.is === 'compare' || expr.is === 'arithmetic')
    return [...columnPaths(expr.left), ...columnPaths(expr.right)]
  return []
}

function setSql(set: readonly Assignment[], table: TableDef, scope: Scope, env: Environment): string {
  return set
    .map(({ column: name, expr }) => {
      const column = columnOf(table, name)
      if (column.virtual !== undefined) throw new OraError(54017, 'UPDATE operation disallowed on virtual columns')
      if (column.identity?.kind === 'ALWAYS')
        throw new OraError(32796, 'cannot update a generated always identity column')
      const sql =
        expr.is === 'default' ? defaultOf(column, table, env) : assign(value(expr, scope, env), column, table, env.nls)
      return `${column.physical} = ${sql}`
    })
    .join(', ')
}

export function columnOf(table: TableDef, name: string): ColumnDef {
  const column = table.columns.find(candidate => candidate.name === name)
  if (column === undefined) throw new OraError(904, `"${name}": invalid identifier`)
  return column
}

function ownScope(table: TableDef, alias: string | undefined, env: Environment): Scope {
  return { sources: [tableSource(table, alias ?? table.name, table.physical, env)], outer: undefined }
}

function returningSql(items: readonly Expr[], table: TableDef, env: Environment): { sql: string; types: OraType[] } {
  if (items.length === 0) return { sql: '', types: [] }
  // In RETURNING the storage knows the columns without the table's name.
  const source = tableSource(table, table.name, table.physical, env)
  const bare = {
    ...source,
    columns: source.columns.map(column => ({ ...column, sql: column.sql.replaceAll(`${table.physical}.`, '') })),
  }
  const typed = items.map(item => value(item, { sources: [bare], outer: undefined }, env))
  return {
    sql: ` RETURNING ${typed.map(one => one.sql).join(', ')}`,
    types: typed.map(one => one.type ?? { kind: 'VARCHAR2', length: 4000 }),
  }
}
