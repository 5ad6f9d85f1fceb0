import type { Column, TableRef } from '../core/catalog.js'
import { formatTable, ROW_NUMBER } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { CheckRule, CheckSpec, PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import { sameTable } from './dependencies.js'
import type { CheckPlan, CheckRows, EntityPlan, ReadPlan } from './plan.js'
import { type Problems, suggest } from './problems.js'
import { columnProblem, placesOf, sourceName } from './source-shape.js'
import type { World } from './world.js'

/** Asks for the tables that checks name. */
export function wantCheckTables(spec: PipelineSpec, catalogs: Catalogs): void {
  for (const { check, on } of allChecks(spec)) {
    if (on === undefined) continue
    const { rule, table } = check
    if (table !== undefined) catalogs.wantTable(on, table)
    if (rule.kind === 'references' || rule.kind === 'consistent') catalogs.wantTable(on, rule.table)
    if (rule.kind === 'sql' && on !== TARGET) catalogs.wantQuery(on, rule.sql)
  }
}

interface Placed {
  readonly check: CheckSpec
  /** Undefined: the rows of the file itself, or no source is meant. */
  readonly on: string | undefined
  readonly entity?: string
}

function allChecks(spec: PipelineSpec): readonly Placed[] {
  const sources = Object.keys(spec.sources)
  const named = (on: string, source: string | undefined): string | undefined =>
    on === 'target' ? TARGET : on !== 'source' || sources.includes('source') ? on : source
  return [
    ...spec.entities.flatMap(({ name, from, checks }) => {
      const source = placesOf(from).flatMap(place => sourceName(place) ?? [])[0]
      return checks.map(check => ({ check, entity: name, on: named(check.on, source) }))
    }),
    ...spec.checks.map(check => ({ check, on: named(check.on, sources[0]) })),
  ]
}

/** The checks of the file and of the entities that run; what is wrong with them goes to the problems. */
export function planChecks(world: World, entities: readonly EntityPlan[], problems: Problems): readonly CheckPlan[] {
  const { spec } = world
  return allChecks(spec).flatMap(({ check, on, entity: name }) => {
    const entity = entities.find(each => each.name === name)
    if (name !== undefined && entity === undefined) return []
    const planned = new CheckPlanner(world, entities, problems, check, on, entity)
    const rows = planned.rows()
    if (rows === undefined) return []
    return {
      name: check.name ?? ruleWords(check.rule, entity === undefined ? check.table : undefined),
      ...(name === undefined ? {} : { entity: name }),
      on: on ?? TARGET,
      phases: check.phases,
      severity: check.severity,
      line: problems.line(check.path),
      ...rows,
    }
  })
}

/** The table that rows of a check are in, as it is or as the run will make it. */
interface Shape {
  readonly label: string
  readonly columns: readonly Pick<Column, 'name' | 'type' | 'native' | 'nullable'>[]
  readonly key: readonly string[]
}

class CheckPlanner {
  readonly #world: World
  readonly #entities: readonly EntityPlan[]
  readonly #problems: Problems
  readonly #check: CheckSpec
  readonly #on: string | undefined
  readonly #entity: EntityPlan | undefined

  constructor(
    world: World,
    entities: readonly EntityPlan[],
    problems: Problems,
    check: CheckSpec,
    on: string | undefined,
    entity: EntityPlan | undefined,
  ) {
    this.#world = world
    this.#entities = entities
    this.#problems = problems
    this.#check = check
    this.#on = on
    this.#entity = entity
  }

  /** Undefined where something is wrong, which the problems say. */
  rows(): Pick<CheckPlan, 'rule' | 'rows'> | undefined {
    const { rule, where, path } = this.#check
    const on = this.#on
    const files = on !== undefined && this.#world.catalogs.database(on).connector.capabilities.files === true
    if (files || on === undefined) {
      const what =
        rule.kind === 'sql' || rule.kind === 'consistent' ? rule.kind : where === undefined ? undefined : 'where'
      if (what !== undefined) {
        this.#problems.error('E215', [...path, what], `\`${what}\` is SQL, and what is checked is no database`)
        return undefined
      }
    }
    if (rule.kind === 'sql') return this.#query(rule)
    const place = this.#place(files)
    if (place === undefined) return undefined
    const before = this.#problems.count
    const named = this.#names(rule, place.shape)
    return this.#problems.count > before ? undefined : { rule: named, rows: place.rows(named) }
  }

  #query(rule: CheckRule & { readonly kind: 'sql' }): Pick<CheckPlan, 'rule'> | undefined {
    if (this.#on === undefined || this.#on === TARGET) return { rule }
    const columns = this.#world.catalogs.query(this.#on, rule.sql)
    if (!(columns instanceof EtlError)) return { rule }
    const message = `the query cannot be run: ${columns.message}`
    this.#problems.error(columns.code, [...this.#check.path, 'sql'], message, columns.hint)
    return undefined
  }

  #place(files: boolean): { shape: Shape; rows: (rule: CheckRule) => CheckRows } | undefined {
    const { table: named, on: given, path } = this.#check
    const entity = this.#entity
    if (entity === undefined || given === 'target') {
      const table = entity?.write.table ?? named
      const on = this.#on ?? TARGET
      const shape = table === undefined ? undefined : this.#table(on, table, [...path, 'table'])
      if (table === undefined || shape === undefined) return undefined
      return { shape, rows: rule => this.#tableRows(files, on, { table }, undefined, shape, rule) }
    }
    const draft = this.#world.drafts.get(entity.name)
    if (draft === undefined) return undefined
    const { source } = draft
    const { from } = source
    if (given !== 'source' && from.kind !== 'rows' && from.kind !== 'union' && from.source !== given) {
      const hint = '`on: source` is what it reads; another source belongs into the checks of the file'
      this.#problems.error('E202', [...path, 'on'], `${entity.name} does not read ${given}`, hint)
      return undefined
    }
    if (from.kind === 'rows' || from.kind === 'union') {
      const { read } = entity
      const shape = { label: source.label, columns: read.columns, key: source.key }
      return { shape, rows: () => ({ kind: 'scan', read: decoded(read) }) }
    }
    const shape = { label: source.label, columns: source.columns, key: files ? [ROW_NUMBER] : source.key }
    const place = from.kind === 'table' ? { table: from.table } : { query: from.query }
    return { shape, rows: rule => this.#tableRows(files, from.source, place, entity.read.where, shape, rule) }
  }

  /** @param where the entity's own condition */
  #tableRows(
    files: boolean,
    source: string,
    from: { readonly table: TableRef } | { readonly query: string },
    where: string | undefined,
    shape: Shape,
    rule: CheckRule,
  ): CheckRows {
    const conditions = [where, this.#check.where].flatMap(each => (each === undefined ? [] : `(\n${each}\n)`))
    const both = conditions.length === 0 ? {} : { where: conditions.join(' and ') }
    if (!files && rule.kind !== 'matches') {
      const names = rule.kind === 'unique' ? rule.columns : shape.key
      return { kind: 'sql', from, ...both, shown: shape.columns.filter(({ name }) => names.includes(name)).map(decode) }
    }
    const wanted = new Set([...columnsOf(rule), ...shape.key])
    const columns = shape.columns.filter(({ name }) => wanted.has(name)).map(decode)
    const key = shape.key.map(name => columns.findIndex(column => column.name === name)).filter(index => index >= 0)
    const place = 'table' in from ? { kind: 'table' as const, ...from } : { kind: 'query' as const, ...from }
    return { kind: 'scan', read: { from: { ...place, source }, columns, ...both, order: files ? [] : key, key } }
  }

  #names(rule: CheckRule, shape: Shape): CheckRule {
    const { path } = this.#check
    const look = (name: string, at: readonly (string | number)[], of: Shape = shape): void => {
      columnProblem(name, of.columns, of.label, [...path, rule.kind, ...at], this.#problems)
    }
    switch (rule.kind) {
      case 'unique':
      case 'not_null':
        for (const [i, name] of rule.columns.entries()) look(name, [i])
        return rule
      case 'references': {
        look(rule.column, ['column'])
        const other = this.#table(this.#on ?? TARGET, rule.table, [...path, rule.kind, 'to'])
        if (other !== undefined) look(rule.to, ['to'], other)
        return rule
      }
      case 'consistent': {
        look(rule.column, ['column'])
        const other = this.#table(this.#on ?? TARGET, rule.table, [...path, rule.kind, 'with'])
        if (other === undefined) return rule
        look(rule.with, ['with'], other)
        for (const [here] of rule.on) look(here, ['on'])
        const [only] = other.key
        const on = rule.on.map(([here, there]) => [here, there ?? (other.key.length === 1 ? only : undefined)] as const)
        if (on.some(([, there]) => there === undefined)) {
          const message = `${other.label} has no primary key of one column`
          this.#problems.error(
            'E210',
            [...path, rule.kind, 'on'],
            message,
            'say what joins them: `on: { here: there }`',
          )
        }
        for (const [, there] of on) if (there !== undefined) look(there, ['on'], other)
        return { ...rule, on }
      }
      case 'accepted':
      case 'range':
      case 'matches':
        look(rule.column, ['column'])
        return rule
      default:
        return rule
    }
  }

  #table(on: string, ref: TableRef, path: readonly (string | number)[]): Shape | undefined {
    const { catalogs } = this.#world
    const label = formatTable(ref)
    const known = catalogs.table(on, ref)
    const files = catalogs.database(on).connector.capabilities.files === true
    if (known !== undefined) return { label, columns: known.columns, key: files ? [ROW_NUMBER] : known.primaryKey }
    const maker = on === TARGET ? this.#entities.find(({ write }) => sameTable(write.table, ref)) : undefined
    if (maker !== undefined) {
      const { columns, newColumns, primaryKey } = maker.write
      const all = [...columns, ...newColumns.map(column => ({ ...column, native: '' }))]
      const pseudo = { name: ROW_NUMBER, type: { kind: 'integer', bits: 64 }, native: '', nullable: false } as const
      return files ? { label, columns: [...all, pseudo], key: [ROW_NUMBER] } : { label, columns: all, key: primaryKey }
    }
    const where = catalogs.identity(on).label
    const hint = suggest(label, catalogs.tableNames(on, ref), 'its tables are')
    this.#problems.error('E208', path, `${where} has no table ${label}`, hint)
    return undefined
  }
}

function decode<C extends { readonly name: string; readonly type: Column['type'] }>(column: C) {
  const { native = '', nullable = true } = column as Partial<Column>
  return { name: column.name, type: column.type, native, nullable, decode: true }
}

function decoded(read: ReadPlan): ReadPlan {
  const { from, columns } = read
  return {
    ...read,
    columns: columns.map(decode),
    from:
      from.kind === 'union'
        ? {
            ...from,
            members: from.members.map(member => ({
              ...member,
              read: { ...member.read, columns: member.read.columns.map(decode) },
            })),
          }
        : from,
  }
}

/** The columns of a rule that are in the table it is for. */
function columnsOf(rule: CheckRule): readonly string[] {
  if ('columns' in rule) return rule.columns
  return 'column' in rule ? [rule.column] : []
}

/** A rule in words, for one that has no name. */
export function ruleWords(rule: CheckRule, table?: TableRef): string {
  const of = table === undefined ? '' : `${formatTable(table)}: `
  switch (rule.kind) {
    case 'unique':
      return `${of}${rule.columns.join(', ')} unique`
    case 'not_null':
      return `${of}${rule.columns.join(', ')} not null`
    case 'accepted':
      return `${of}${rule.column} is an accepted value`
    case 'range':
      return `${of}${rule.column} in range`
    case 'matches':
      return `${of}${rule.column} matches its pattern`
    case 'references':
      return `${of}${rule.column} is in ${formatTable(rule.table)}.${rule.to}`
    case 'consistent':
      return `${of}${rule.column} same as ${formatTable(rule.table)}.${rule.with}`
    case 'row_count':
      return `${of}number of rows`
    case 'sql':
      return rule.sql.replace(/\s+/g, ' ').trim().slice(0, 60)
  }
}
