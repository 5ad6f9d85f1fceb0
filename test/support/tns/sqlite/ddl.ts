import type Database from 'better-sqlite3'
import { notUnderstood, OraError } from '../ora-error.js'
import { decodeNumber } from '../oracle-number.js'
import type { AlterAction, ColumnDefinition, Constraint, Statement, TableName } from './ast.js'
import { Catalog, type ColumnDef, type ConstraintDef, type IndexDef, type TableDef } from './catalog.js'
import { columnOf } from './dml.js'
import { condition, EMPTY_SCOPE, type Environment, value } from './translate.js'
import { tableSource, translateSelect } from './translate-select.js'

type Ddl = Extract<
  Statement,
  { is: 'createTable' | 'createView' | 'createIndex' | 'createSequence' | 'alterTable' | 'drop' | 'truncate' }
>

/** Runs data definition on a connection that has no transaction. */
export function runDdl(db: Database.Database, statement: Ddl, env: Environment): void {
  const { catalog, schema } = env
  switch (statement.is) {
    case 'createTable':
      createTable(db, statement, env)
      return
    case 'createView': {
      const owner = statement.view.schema ?? schema
      if (!statement.replace) catalog.refuseTaken(statement.view, schema)
      const { columns } = translateSelect(statement.select, undefined, env)
      catalog.views.set(Catalog.key(owner, statement.view.name), {
        owner,
        name: statement.view.name,
        select: statement.select,
        columns: columns.map((column, i) => ({
          name: statement.columns[i] ?? column.name,
          type: column.type,
          typeName: typeNameOf(column.type),
        })),
      })
      catalog.version++
      return
    }
    case 'createIndex': {
      const table = catalog.needTable(statement.table, schema)
      const index: IndexDef = {
        name: statement.index.name,
        physical: `i${catalog.fresh()}`,
        unique: statement.unique,
        parts: statement.parts,
      }
      db.exec(indexSql(index, table, env))
      catalog.put({ ...table, indexes: [...table.indexes, index] })
      return
    }
    case 'createSequence': {
      const owner = statement.sequence.schema ?? schema
      if (catalog.sequence(statement.sequence, schema) !== undefined)
        throw new OraError(955, 'name is already used by an existing object')
      catalog.sequences.set(Catalog.key(owner, statement.sequence.name), {
        owner,
        name: statement.sequence.name,
        next: BigInt(statement.start),
      })
      catalog.version++
      return
    }
    case 'alterTable':
      alterTable(db, catalog.needTable(statement.table, schema), statement.action, env)
      return
    case 'truncate': {
      const table = catalog.needTable(statement.table, schema)
      const child = referencing(catalog, table).find(one => one.table !== table)
      if (child !== undefined)
        throw new OraError(2266, 'unique/primary keys in table referenced by enabled foreign keys')
      db.exec(`DELETE FROM ${table.physical}`)
      return
    }
    case 'drop':
      drop(db, statement, env)
  }
}

function typeNameOf(type: ColumnDef['type']): string {
  if (type.kind === 'TIMESTAMP_TZ') return `TIMESTAMP(${type.scale ?? 6}) WITH TIME ZONE`
  return type.kind === 'TIMESTAMP' ? `TIMESTAMP(${type.scale ?? 6})` : type.kind
}

function createTable(db: Database.Database, statement: Ddl & { is: 'createTable' }, env: Environment): void {
  const { catalog, schema } = env
  catalog.refuseTaken(statement.table, schema)
  const owner = statement.table.schema ?? schema
  const { name } = statement.table
  if (statement.select !== undefined) {
    const select = translateSelect(statement.select, undefined, env)
    const columns = select.columns.map(
      (column, i): ColumnDef => ({
        name: column.name,
        physical: `c${i + 1}`,
        type: column.type,
        typeName: typeNameOf(column.type),
        notNull: false,
      }),
    )
    const table: TableDef = { owner, name, physical: `t${catalog.fresh()}`, columns, constraints: [], indexes: [] }
    db.exec(tableSql(table, table.physical, env))
    db.exec(`INSERT INTO ${table.physical} ${select.sql}`)
    catalog.put(table)
    return
  }
  const names = statement.columns.map(column => column.name)
  if (new Set(names).size !== names.length) throw new OraError(957, 'duplicate column name')
  let table: TableDef = { owner, name, physical: `t${catalog.fresh()}`, columns: [], constraints: [], indexes: [] }
  for (const definition of statement.columns) table = withColumn(table, definition, env)
  for (const constraint of [...statement.columns.flatMap(column => column.constraints), ...statement.constraints])
    table = withConstraint(table, constraint, env)
  db.exec(tableSql(table, table.physical, env))
  catalog.put(table)
}

function withColumn(table: TableDef, definition: ColumnDefinition, env: Environment): TableDef {
  const { catalog } = env
  let type = definition.type
  if (type === undefined && definition.virtual !== undefined) {
    type = value(
      definition.virtual,
      { sources: [tableSource(table, table.name, 't', env)], outer: undefined },
      env,
    ).type
  }
  if (type === undefined) throw new OraError(2263, 'need to specify the datatype for this column')
  let identity: ColumnDef['identity']
  if (definition.identity !== undefined) {
    const sequence = catalog.systemName('ISEQ$$_')
    catalog.sequences.set(Catalog.key(table.owner, sequence), { owner: table.owner, name: sequence, next: 1n })
    identity = { kind: definition.identity, sequence }
  }
  const column: ColumnDef = {
    name: definition.name,
    physical: `c${catalog.fresh()}`,
    type,
    typeName: definition.typeName === '' ? typeNameOf(type) : definition.typeName,
    notNull: definition.notNull,
    ...(definition.default === undefined ? {} : { default: definition.default }),
    ...(definition.virtual === undefined ? {} : { virtual: definition.virtual }),
    ...(identity === undefined ? {} : { identity }),
  }
  return { ...table, columns: [...table.columns, column] }
}

function withConstraint(table: TableDef, constraint: Constraint, env: Environment): TableDef {
  const { catalog } = env
  for (const name of constraint.columns) columnOf(table, name)
  let columns = table.columns
  if (constraint.kind === 'P') {
    if (table.constraints.some(one => one.kind === 'P')) throw new OraError(2260, 'table can have only one primary key')
    columns = columns.map(column => (constraint.columns.includes(column.name) ? { ...column, notNull: true } : column))
  }
  let referenced = constraint.referenced
  if (constraint.kind === 'R' && constraint.references !== undefined) {
    const own = isSame(constraint.references, table, env.schema)
    const parent = own ? table : catalog.needTable(constraint.references, env.schema)
    referenced ??= parent.constraints.find(one => one.kind === 'P')?.columns
    const key = parent.constraints.find(
      one => (one.kind === 'P' || one.kind === 'U') && one.columns.join() === referenced?.join(),
    )
    if (key === undefined) throw new OraError(2270, 'no matching unique or primary key for this column-list')
  }
  const def: ConstraintDef = {
    ...constraint,
    name: constraint.name ?? catalog.systemName('SYS_C'),
    ...(referenced === undefined ? {} : { referenced }),
  }
  return { ...table, columns, constraints: [...table.constraints, def] }
}

function isSame(ref: TableName, table: TableDef, schema: string): boolean {
  return (ref.schema ?? schema) === table.owner && ref.name === table.name
}

/** No column has a declared type: the storage must not convert anything. */
function tableSql(table: TableDef, physical: string, env: Environment): string {
  const stored = table.columns.filter(column => column.virtual === undefined)
  const physicalOf = (names: readonly string[], of: TableDef = table): string =>
    names.map(name => columnOf(of, name).physical).join(', ')
  const parts = stored.map(column => `${column.physical}${column.notNull ? ' NOT NULL' : ''}`)
  for (const constraint of table.constraints) {
    if (constraint.kind === 'P' || constraint.kind === 'U') parts.push(`UNIQUE (${physicalOf(constraint.columns)})`)
    else if (constraint.kind === 'C' && constraint.check !== undefined) {
      const source = tableSource(table, table.name, 'own_', env)
      const bare = {
        ...source,
        columns: source.columns.map(column => ({ ...column, sql: column.sql.replaceAll('own_.', '') })),
      }
      parts.push(
        `CONSTRAINT "${table.owner}.${constraint.name}" CHECK (${condition(constraint.check, { sources: [bare], outer: undefined }, env)})`,
      )
    } else if (constraint.references !== undefined) {
      const own = isSame(constraint.references, table, env.schema)
      const parent = own ? table : env.catalog.needTable(constraint.references, env.schema)
      const action = constraint.onDelete === undefined ? '' : ` ON DELETE ${constraint.onDelete.toUpperCase()}`
      const timing = constraint.deferred === true ? ' DEFERRABLE INITIALLY DEFERRED' : ''
      const to = `${own ? table.physical : parent.physical} (${physicalOf(constraint.referenced ?? [], parent)})`
      parts.push(`FOREIGN KEY (${physicalOf(constraint.columns)}) REFERENCES ${to}${action}${timing}`)
    }
  }
  return `CREATE TABLE ${physical} (${parts.join(', ')})`
}

/** A unique index ignores rows whose parts are all null, as the database does. */
function indexSql(index: IndexDef, table: TableDef, env: Environment): string {
  const source = tableSource(table, table.name, 'own_', env)
  const bare = {
    ...source,
    columns: source.columns.map(column => ({ ...column, sql: column.sql.replaceAll('own_.', '') })),
  }
  const parts = index.parts.map(part => value(part, { sources: [bare], outer: undefined }, env).sql)
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${index.physical} ON ${table.physical} (${parts.join(', ')})`
}

function alterTable(db: Database.Database, table: TableDef, action: AlterAction, env: Environment): void {
  const { catalog } = env
  switch (action.is) {
    case 'addColumns': {
      let next = table
      for (const definition of action.columns) {
        next = withColumn(next, definition, env)
        for (const constraint of definition.constraints) next = withConstraint(next, constraint, env)
      }
      rebuild(db, table, next, env)
      return
    }
    case 'addConstraint':
      rebuild(db, table, withConstraint(table, action.constraint, env), env)
      return
    case 'dropColumn': {
      columnOf(table, action.column)
      const constraints = table.constraints.filter(one => !one.columns.includes(action.column))
      rebuild(
        db,
        table,
        { ...table, columns: table.columns.filter(column => column.name !== action.column), constraints },
        env,
      )
      return
    }
    case 'modify': {
      const columns = table.columns.map(column => {
        const change = action.columns.find(one => one.name === column.name)
        if (change === undefined) return column
        const typed = change.type === undefined ? {} : { type: change.type, typeName: change.typeName }
        return { ...column, ...typed, notNull: change.notNull }
      })
      rebuild(db, table, { ...table, columns }, env)
      return
    }
    case 'restart': {
      const column = columnOf(table, action.column)
      const sequence =
        column.identity === undefined
          ? undefined
          : catalog.sequences.get(Catalog.key(table.owner, column.identity.sequence))
      if (sequence === undefined) throw new OraError(30673, 'column to be modified is not an identity column')
      if (action.value === 'limit') {
        const top = db.prepare(`SELECT max(${column.physical}) FROM ${table.physical}`).pluck().get() as Buffer | null
        const after = top === null ? 1n : BigInt(decodeNumber(top)) + 1n
        if (after > sequence.next) sequence.next = after
        return
      }
      if (action.value.is !== 'number') throw notUnderstood('START WITH an expression')
      sequence.next = BigInt(action.value.value)
      return
    }
    case 'rename': {
      catalog.refuseTaken({ name: action.name }, table.owner)
      catalog.tables.delete(Catalog.key(table.owner, table.name))
      catalog.put({ ...table, name: action.name })
    }
  }
}

/** The storage cannot change most of a table in place. */
function rebuild(db: Database.Database, from: TableDef, to: TableDef, env: Environment): void {
  db.pragma('foreign_keys = OFF')
  db.pragma('legacy_alter_table = ON')
  try {
    db.transaction(() => {
      db.exec(tableSql(to, 'rebuilt', env))
      const kept = to.columns.filter(column => column.virtual === undefined)
      const values = kept.map(column => {
        if (from.columns.some(one => one.physical === column.physical)) return column.physical
        return column.default === undefined ? 'NULL' : value(column.default, EMPTY_SCOPE, env).sql
      })
      db.exec(
        `INSERT INTO rebuilt (${kept.map(column => column.physical).join(', ')}) SELECT ${values.join(', ')} FROM ${from.physical}`,
      )
      db.exec(`DROP TABLE ${from.physical}`)
      db.exec(`ALTER TABLE rebuilt RENAME TO ${from.physical}`)
      for (const index of to.indexes) db.exec(indexSql(index, to, env))
      const broken = db.pragma(`foreign_key_check(${from.physical})`) as unknown[]
      if (broken.length > 0) throw new OraError(2298, 'cannot validate the constraint - parent keys not found')
    })()
  } finally {
    db.pragma('legacy_alter_table = OFF')
    db.pragma('foreign_keys = ON')
  }
  env.catalog.put(to)
}

export function referencing(catalog: Catalog, table: TableDef): { table: TableDef; constraint: ConstraintDef }[] {
  return [...catalog.tables.values()].flatMap(child =>
    child.constraints
      .filter(one => one.kind === 'R' && one.references !== undefined && isSame(one.references, table, child.owner))
      .map(constraint => ({ table: child, constraint })),
  )
}

function drop(db: Database.Database, statement: Ddl & { is: 'drop' }, env: Environment): void {
  const { catalog, schema } = env
  const { name } = statement
  const key = Catalog.key(name.schema ?? schema, name.name)
  catalog.version++
  if (statement.what === 'VIEW') {
    if (!catalog.views.delete(key)) throw new OraError(942, 'table or view does not exist')
    return
  }
  if (statement.what === 'SEQUENCE') {
    if (!catalog.sequences.delete(key)) throw new OraError(2289, 'sequence does not exist')
    return
  }
  if (statement.what === 'INDEX') {
    for (const table of catalog.tables.values()) {
      const index = table.indexes.find(one => one.name === name.name)
      if (index === undefined) continue
      db.exec(`DROP INDEX ${index.physical}`)
      catalog.put({ ...table, indexes: table.indexes.filter(one => one !== index) })
      return
    }
    throw new OraError(1418, 'specified index does not exist')
  }
  const table = catalog.needTable(name, schema)
  const children = referencing(catalog, table).filter(child => child.table !== table)
  if (children.length > 0 && !statement.cascade)
    throw new OraError(2449, 'unique/primary keys in table referenced by foreign keys')
  for (const child of children) {
    const current = catalog.needTable({ schema: child.table.owner, name: child.table.name }, schema)
    rebuild(
      db,
      current,
      { ...current, constraints: current.constraints.filter(one => one.name !== child.constraint.name) },
      env,
    )
  }
  db.pragma('foreign_keys = OFF')
  db.exec(`DROP TABLE ${table.physical}`)
  db.pragma('foreign_keys = ON')
  for (const column of table.columns)
    if (column.identity !== undefined) catalog.sequences.delete(Catalog.key(table.owner, column.identity.sequence))
  catalog.tables.delete(key)
}
