import { formatTable } from '../core/catalog.js'
import type { Dialect } from '../core/connector.js'
import { fromJson, keyText } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { LogicalType } from '../core/types.js'
import { sameTable } from '../plan/dependencies.js'
import type { EntityPlan, FieldPlan, Plan } from '../plan/plan.js'
import { integerRange } from '../transforms/casts/numbers.js'
import { conversionRisk } from '../transforms/casts/risk.js'
import type { Finding, FindingKind } from './coverage.js'
import { anyOf, type Condition, fromSql, type Place, type PlaceColumn } from './rows.js'

/** Something that may be wrong with a row because of one field. */
export interface Case {
  readonly kind: FindingKind
  readonly field: string
  readonly means: Finding['means']
  readonly condition: Condition
  /** The column whose values are told, most frequent first. */
  readonly valuesOf?: string
}

export interface FieldCases {
  readonly cases: readonly Case[]
  /** The entity whose rows it needs in the target. */
  readonly refersTo?: string
  /** Why not all can be said. */
  readonly unknown?: string
}

/** Codes that a statement names; maps with more are not asked about. */
const MOST_CODES = 900

/** Types whose text is what a map compares. */
const MAPPED: ReadonlySet<LogicalType['kind']> = new Set(['text', 'enum', 'integer', 'uuid', 'date', 'any'])

/** What can go wrong with a field, step by step, for a place that answers SQL. */
export function fieldCases(plan: Plan, entity: EntityPlan, field: FieldPlan, place: Place): FieldCases {
  const { input, target, map, lookup, ref } = field
  if (input.kind === 'value') return { cases: [] }
  if (input.kind === 'expr') return { cases: [], unknown: `${target}: the field is computed by an expression` }
  const columns = input.indexes.map(index => place.column(index))
  if (field.apply.length > 0) return { cases: [], unknown: `${target}: the field is computed by functions` }
  const known = columns.flatMap(column => column ?? [])
  const [column] = known
  if (column === undefined || known.length < columns.length)
    return { cases: [], unknown: `${target}: the field is made of a \`let\` or a constant` }
  const outcome = (policy: string): Finding['means'] =>
    policy === 'null' || policy === 'default'
      ? field.default !== undefined && field.default !== null
        ? 'default'
        : policy
      : policy === 'keep'
        ? 'kept'
        : policy === 'fail'
          ? 'fails'
          : policy === 'skip'
            ? 'skipped'
            : 'quarantined'
  const cases: Case[] = []
  const nulls: Condition[] = known.filter(each => each.nullable).map(each => () => `${each.sql} is null`)
  const miss = (kind: FindingKind, policy: string, condition: Condition, valuesOf?: string): void => {
    if (policy === 'null' || policy === 'default') nulls.push(condition)
    cases.push({
      kind,
      field: target,
      means: outcome(policy),
      condition,
      ...(valuesOf === undefined ? {} : { valuesOf }),
    })
  }
  const notes: string[] = []
  const foreign = lookup === undefined && ref === undefined ? foreignKeyOf(plan, entity, target) : undefined
  const { dialect } = place.database.connector.capabilities
  if (map !== undefined) {
    const condition = notInMap(map, column, dialect)
    if (condition === undefined) notes.push(`${target}: a database compares other values than a map does`)
    else miss('unmapped value', map.unmapped, condition, column.sql)
    const codes = map.entries.filter(([, value]) => fromJson(value) === null).map(([code]) => dialect.literal(code))
    if (codes.length > 0) nulls.push(() => `${column.sql} in (${codes.join(', ')})`)
  }
  if (map !== undefined && (lookup ?? ref) !== undefined)
    notes.push(`${target}: what comes out of the map is looked up`)
  else if (lookup !== undefined) {
    const found = lookupMiss(plan, lookup.name, known, place)
    if (typeof found === 'string') notes.push(`${target}: ${found}`)
    else miss('look-up misses', lookup.onMissing, found)
  } else if (ref !== undefined) {
    const other = plan.entities.find(each => each.name === ref.entity)
    const found =
      other === undefined ? `${ref.entity} is not part of this plan` : refMiss(other, other.read.key, known, place)
    if (typeof found === 'string') notes.push(`${target}: ${found}`)
    else miss('orphan', ref.onMissing, found)
  } else if (map === undefined) {
    const invalid = field.onInvalid ?? entity.onError
    const { losing, ...found } = castCases(field, column, dialect)
    if (found.note !== undefined) notes.push(`${target}: ${found.note}`)
    for (const { kind, condition } of found.cases) miss(kind, invalid, condition)
    for (const { kind, condition } of losing) {
      // A text that is too long is an invalid value unless it may be cut.
      const lossy = (kind === 'text too long' && field.onLossy !== 'truncate' ? undefined : field.onLossy) ?? invalid
      if (lossy === 'round' || lossy === 'truncate') cases.push({ kind, field: target, means: 'cut', condition })
      else miss(kind, lossy, condition)
    }
    if (foreign !== undefined) {
      const found = orphans(foreign, column, place)
      if (typeof found === 'string') notes.push(`${target}: ${found}`)
      else miss('orphan', entity.onError, found)
    }
  }
  const filled = field.default !== undefined && field.default !== null
  if (field.required && nulls.length > 0 && !filled)
    cases.push({ kind: 'null', field: target, means: outcome(entity.onError), condition: anyOf(nulls) })
  const parent = ref?.entity ?? foreign?.other?.name
  return {
    cases,
    ...(parent === undefined ? {} : { refersTo: parent }),
    ...(notes.length === 0 ? {} : { unknown: notes.join('; ') }),
  }
}

function notInMap(map: NonNullable<FieldPlan['map']>, column: PlaceColumn, dialect: Dialect): Condition | undefined {
  const padded = column.type.kind === 'text' && column.type.fixed === true
  if (!MAPPED.has(column.type.kind) || padded || map.entries.length > MOST_CODES) return undefined
  const codes = map.entries.map(([code]) => code)
  const whole = column.type.kind === 'integer'
  const usable = whole ? codes.filter(code => /^-?\d+$/.test(code)) : codes
  const list = usable.map(code => (whole ? code : dialect.literal(keyText([code]))))
  return () => `${column.sql} is not null${list.length === 0 ? '' : ` and ${column.sql} not in (${list.join(', ')})`}`
}

function lookupMiss(plan: Plan, name: string, columns: readonly PlaceColumn[], place: Place): Condition | string {
  const lookup = plan.lookups[name]
  const where = lookup?.in === 'target' ? '$target' : lookup?.in
  if (lookup === undefined || where !== place.source) return 'the look-up is in another database'
  const { dialect } = place.database.connector.capabilities
  const given = columns.map(({ sql }) => `${sql} is not null`).join(' and ')
  const joined = lookup.key.map((key, i) => `l.${quoteName(dialect, key.name)} = ${columns[i]?.sql}`).join(' and ')
  return () => `${given} and not exists (select 1 from ${quoteTable(dialect, lookup.table)} l where ${joined})`
}

/** A source key that the referenced entity does not read either. */
function refMiss(
  other: EntityPlan,
  key: readonly number[],
  columns: readonly PlaceColumn[],
  place: Place,
): Condition | string {
  const { name } = other
  const { from, columns: known } = other.read
  if (from.kind === 'rows' || from.kind === 'union' || from.source !== place.source)
    return `the rows of ${name} come from elsewhere`
  if (other.program.filter !== undefined) return `${name} is filtered here`
  const { dialect } = place.database.connector.capabilities
  const given = columns.map(({ sql }) => `${sql} is not null`).join(' and ')
  const rows = fromSql({ ...other.read, from }, dialect)
  const joined = key.map((index, i) => `o.${quoteName(dialect, known[index]?.name ?? '')} = ${columns[i]?.sql}`)
  return () => `${given} and not exists (select 1 from ${rows} o where ${joined.join(' and ')})`
}

interface Foreign {
  readonly other: EntityPlan | undefined
  readonly table: string
  readonly column: string
}

/** The foreign key of the target that the field alone fills. */
function foreignKeyOf(plan: Plan, { write }: EntityPlan, target: string): Foreign | undefined {
  const key = write.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === target)
  if (key === undefined) return undefined
  const other = plan.entities.find(each => sameTable(each.write.table, key.references))
  return { other, table: formatTable(key.references), column: key.referencedColumns[0] ?? '' }
}

/** Values whose row the other entity does not bring either. */
function orphans({ other, table, column }: Foreign, from: PlaceColumn, place: Place): Condition | string {
  if (other === undefined) return `the rows of ${table} are not part of this plan`
  const field = other.program.fields.find(({ target }) => target === column)
  const index = field?.input.kind === 'columns' ? field.input.indexes[0] : undefined
  const made = field === undefined || field.apply.length > 0 || (field.map ?? field.lookup ?? field.ref) !== undefined
  if (made || index === undefined || other.read.columns[index] === undefined) return `${table}.${column} is computed`
  return refMiss(other, [index], [from], place)
}

interface CastCases {
  readonly cases: readonly { readonly kind: FindingKind; readonly condition: Condition }[]
  /** Those that `on_lossy` decides. */
  readonly losing: readonly { readonly kind: FindingKind; readonly condition: Condition }[]
  readonly note?: string
}

const NOTHING: CastCases = { cases: [], losing: [] }

function castCases(field: FieldPlan, column: PlaceColumn, dialect: Dialect): CastCases {
  const to = field.castThen ?? field.castTo
  const { sql, type: from } = column
  if (conversionRisk(from, field.castTo).risk === 'lossless' && field.castThen === undefined) return NOTHING
  if (to.kind === 'text' && (from.kind === 'text' || from.kind === 'enum' || from.kind === 'any')) {
    if (to.length === undefined) return NOTHING
    const condition = () => `${dialect.textLength}(${sql}) > ${to.length}`
    return { cases: [], losing: [{ kind: 'text too long', condition }] }
  }
  if (from.kind !== 'integer' && from.kind !== 'decimal') {
    const dates = to.kind === 'date' || to.kind === 'timestamp' || to.kind === 'time'
    const why = dates ? 'whether its dates and times can be understood is' : 'what its values become is'
    return { ...NOTHING, note: `${why} not predicted` }
  }
  if (to.kind === 'integer') {
    const { min, max } = integerRange(to)
    const large = { kind: 'number too large', condition: () => `${sql} < ${min} or ${sql} > ${max}` } as const
    const lost = { kind: 'digits lost', condition: () => `round(${sql}, 0) <> ${sql}` } as const
    return { cases: [large], losing: from.kind === 'decimal' ? [lost] : [] }
  }
  if (to.kind === 'decimal' && to.precision !== undefined) {
    const { precision, scale = 0 } = to
    const limit = `1${'0'.repeat(Math.max(0, precision - scale))}`
    const large = { kind: 'number too large', condition: () => `abs(${sql}) >= ${limit}` } as const
    const lost = { kind: 'digits lost', condition: () => `round(${sql}, ${scale}) <> ${sql}` } as const
    return { cases: [large], losing: from.kind === 'decimal' ? [lost] : [] }
  }
  return NOTHING
}
