import type { Column, Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { toJson } from '../core/row.js'
import type { EntitySpec, FromSpec, SingleFromSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import type { ReadPlan, SingleFrom } from './plan.js'
import type { Problems } from './problems.js'
import { suggest } from './problems.js'

const MEND_SQL = 'try it in a client of the database, and mend it here'

export type SourceColumn = Omit<ReadPlan['columns'][number], 'decode'> &
  Pick<Column, 'pseudo' | 'characterSet' | 'equates'> & {
    /** Of a union whose members have no common type for it: what to say to whoever uses it. */
    readonly clash?: string
  }

/** Where an entity's rows come from, checked against the database. */
export interface SourceShape {
  readonly from: SingleFrom | { readonly kind: 'union'; readonly members: readonly MemberShape[] }
  /** For messages: the table, or "the query". */
  readonly label: string
  readonly columns: readonly SourceColumn[]
  readonly key: readonly string[]
  /** `order_by`, then what is left of the key. */
  readonly order: readonly string[]
  readonly estimatedRows?: number
  readonly version?: string
  /** False where its table keeps no transactions. */
  readonly snapshot?: false
}

/** The shape of one place. */
export type SingleShape = SourceShape & { readonly from: SingleFrom }

export interface MemberShape {
  readonly name: string
  readonly where?: string
  readonly shape: SingleShape
  /** What a column of the union is in this member: a column of it, or a constant; absent: null. */
  readonly values: ReadonlyMap<string, { readonly column: string } | { readonly constant: Value }>
}

/** The places an entity reads. */
export function placesOf(from: FromSpec): readonly SingleFromSpec[] {
  return from.kind === 'union' ? from.members.map(member => member.from) : [from]
}

/** The database a place is in; undefined for inline rows. */
export function sourceName(from: SingleFromSpec): string | undefined {
  if (from.kind === 'rows') return undefined
  return from.kind === 'target' ? TARGET : from.source
}

/** An entity that reads one place, or a member of a union taken for one. */
export type SingleSpec = Pick<EntitySpec, 'key' | 'orderBy' | 'where' | 'incremental' | 'path'> & {
  readonly from: SingleFromSpec
}

/** Undefined when the source is not there; the problems say so. */
export function sourceShape(entity: SingleSpec, catalogs: Catalogs, problems: Problems): SingleShape | undefined {
  const { from } = entity
  const path = [...entity.path, 'from']
  switch (from.kind) {
    case 'rows':
      return rowsShape(entity, from.rows, problems)
    case 'query': {
      const columns = catalogs.query(from.source, from.query)
      if (columns instanceof EtlError) {
        problems.error(columns.code, path, `the query cannot be run: ${columns.message}`, columns.hint ?? MEND_SQL)
        return undefined
      }
      const key = checkedKey(entity, columns, undefined, 'the query', problems)
      return {
        from,
        label: 'the query',
        columns,
        key,
        order: checkedOrder(entity, columns, key, 'the query', problems),
      }
    }
    default: {
      const source = from.kind === 'target' ? TARGET : from.source
      const label = formatTable(from.table)
      const table = catalogs.table(source, from.table)
      if (table === undefined) {
        const refusal = catalogs.refusal(source, from.table)
        if (refusal !== undefined) {
          problems.error(refusal.code, path, refusal.message, refusal.hint)
          return undefined
        }
        if (catalogs.database(source).connector.capabilities.files === true) {
          problems.error(
            'E001',
            path,
            `${label} does not exist`,
            'a relative path starts at the folder of the pipeline file',
          )
          return undefined
        }
        const where = catalogs.identity(source).label
        const hint = suggest(label, catalogs.tableNames(source, from.table), 'its tables are')
        problems.error('E208', path, `${where} has no table ${label}`, hint)
        return undefined
      }
      const columns = visible(entity, table, from.columns, problems)
      if (catalogs.database(source).connector.capabilities.files === true) {
        return {
          from: { kind: 'table', source, table: from.table },
          label,
          columns,
          key: fileKey(entity, columns, table, label, problems),
          order: [],
          ...(table.version === undefined ? {} : { version: table.version }),
          ...(table.estimatedRows === undefined ? {} : { estimatedRows: table.estimatedRows }),
        }
      }
      const key = checkedKey(entity, columns, table, label, problems)
      return {
        from: { kind: 'table', source, table: from.table },
        label,
        columns,
        key,
        order: checkedOrder(entity, columns, key, label, problems),
        ...(table.transactional ? {} : { snapshot: false }),
        ...(table.estimatedRows === undefined ? {} : { estimatedRows: table.estimatedRows }),
      }
    }
  }
}

function visible(
  entity: SingleSpec,
  table: Table,
  names: readonly string[] | undefined,
  problems: Problems,
): readonly SourceColumn[] {
  if (names === undefined) return table.columns
  for (const [i, name] of names.entries()) {
    columnProblem(name, table.columns, formatTable(table), [...entity.path, 'from', 'columns', i], problems)
  }
  return table.columns.filter(column => names.includes(column.name) || column.pseudo === true)
}

/** Files are read in their own order, and the number of a row tells it from others: a key is only a name for it. */
function fileKey(
  entity: SingleSpec,
  columns: readonly SourceColumn[],
  table: Table,
  label: string,
  problems: Problems,
): readonly string[] {
  const senseless = [
    ...(entity.where === undefined ? [] : [['where', 'use `filter`, which is run here']]),
    ...(entity.orderBy.length === 0 ? [] : [['order_by', 'sort the file, or the rows where they are used']]),
    ...(entity.incremental === undefined ? [] : [['incremental', 'load the file with `load: upsert` or `ignore`']]),
  ] as const
  for (const [name, hint] of senseless) {
    problems.error(
      'E215',
      [...entity.path, name as string],
      `${label} is a file, which is read as it is, in its own order`,
      hint,
    )
  }
  const names = entity.key ?? table.primaryKey
  return names.filter(
    (name, i) => columnProblem(name, columns, label, [...entity.path, 'key', i], problems) !== undefined,
  )
}

function rowsShape(
  entity: SingleSpec,
  rows: Extract<SingleFromSpec, { kind: 'rows' }>['rows'],
  problems: Problems,
): SingleShape {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const columns = names.map(name => ({ name, type: { kind: 'any' } as const, native: 'any', nullable: true }))
  const label = 'the rows'
  for (const [i, name] of (entity.key ?? []).entries()) {
    columnProblem(name, columns, label, [...entity.path, 'key', i], problems)
  }
  return {
    from: {
      kind: 'rows',
      rows: rows.map(row => names.map(name => (Object.hasOwn(row, name) ? toJson(row[name] ?? null) : null))),
    },
    label,
    columns,
    key: (entity.key ?? []).filter(name => names.includes(name)),
    order: [],
    estimatedRows: rows.length,
  }
}

function checkedKey(
  entity: SingleSpec,
  columns: readonly SourceColumn[],
  table: Table | undefined,
  label: string,
  problems: Problems,
): readonly string[] {
  const names = entity.key ?? table?.primaryKey ?? []
  const path = [...entity.path, entity.key === undefined ? 'from' : 'key']
  if (names.length === 0) {
    const why = table?.kind === 'table' ? 'has no primary key' : 'has no key of its own'
    problems.error('E210', path, `${label} ${why}`, `say which columns identify a row: \`key: [...]\``)
  }
  const known = names.filter((name, i) => {
    const place = entity.key === undefined ? path : [...path, i]
    const column = columnProblem(name, columns, label, place, problems)
    if (column === undefined) return false
    if (column.type.kind === 'float') {
      problems.error('E217', place, `${name} is a float, and floats cannot be told apart reliably`, 'use another key')
    }
    // A query does not say what is null, and some databases let a primary key be: there the row itself is the judge (E422).
    const mayBeNull = table !== undefined && column.nullable && !table.primaryKey.includes(name)
    if (mayBeNull) {
      const hint = 'use columns that are NOT NULL, or read them by `from: { query: ... }` that leaves the nulls out'
      problems.error('E217', place, `${name} may be null, so it cannot identify a row`, hint)
    }
    return true
  })
  if (table !== undefined && known.length > 0 && !isUnique(table, known)) {
    const hint = '`etl check` looks for duplicates; equal keys would be read only once'
    problems.warn('E217', path, `nothing in ${label} keeps ${known.join(', ')} unique`, hint)
  }
  return known
}

/** Does a key of the table keep these columns unique? */
export function isUnique(table: Table, names: readonly string[]): boolean {
  const keys = [table.primaryKey, ...table.uniques.map(unique => unique.columns)]
  return keys.some(key => key.length > 0 && key.every(name => names.includes(name)))
}

function checkedOrder(
  entity: SingleSpec,
  columns: readonly SourceColumn[],
  key: readonly string[],
  label: string,
  problems: Problems,
): readonly string[] {
  const known = entity.orderBy.filter((name, i) => {
    const place = [...entity.path, 'order_by', i]
    const column = columnProblem(name, columns, label, place, problems)
    if (column?.type.kind === 'float') {
      problems.error('E217', place, `${name} is a float; a resumed run could not find its place again`)
    }
    return column !== undefined
  })
  return [...new Set([...known, ...key])]
}

/** The column, or a problem with the nearest name. */
export function columnProblem<C extends { readonly name: string }>(
  name: string,
  columns: readonly C[],
  label: string,
  path: readonly (string | number)[],
  problems: Problems,
): C | undefined {
  const column = columns.find(c => c.name === name)
  if (column === undefined) {
    const names = columns.map(c => c.name)
    problems.error('E207', path, `${label} has no column ${name}`, suggest(name, names, 'its columns are'))
  }
  return column
}
