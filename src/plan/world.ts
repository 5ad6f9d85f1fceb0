import type { Column } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { NewColumn } from '../core/connector.js'
import type { LogicalType } from '../core/types.js'
import { formatType, parseType } from '../core/types.js'
import type { FieldSpec, PipelineSpec } from '../spec/model.js'
import { isPure, isPureCall } from '../transforms/expression.js'
import type { Catalogs } from './catalogs.js'
import { sameTable } from './dependencies.js'
import type { Draft } from './draft.js'
import type { LookupPlan } from './plan.js'
import { ruleFor, straightColumn } from './type-rules.js'

/** Everything an entity's plan may look at beside itself. */
export interface World {
  readonly spec: PipelineSpec
  readonly catalogs: Catalogs
  readonly drafts: ReadonlyMap<string, Draft>
  readonly lookups: ReadonlyMap<string, LookupPlan>
  /** Entities left out by `when`. */
  readonly skipped: ReadonlySet<string>
}

/** The field that makes a target column in the first pass. */
export function fieldOf(draft: Draft, target: string): FieldSpec | undefined {
  return draft.spec.defer.includes(target) ? undefined : draft.fields.find(field => field.target === target)
}

/** The target's primary key; of a table to be created, `match` or the columns made from the source key. */
export function primaryKeyOf(draft: Draft): readonly string[] {
  if (draft.target !== undefined) return draft.target.primaryKey
  if (draft.toFile) return []
  if (draft.spec.match !== undefined) return draft.spec.match
  const made = draft.source.key.map(name => {
    return draft.fields.find(({ input, map, lookup, ref }) => {
      const other = map ?? lookup ?? ref
      return other === undefined && input.kind === 'from' && input.names.length === 1 && input.names[0] === name
    })?.target
  })
  return made.every(name => name !== undefined) ? made : []
}

/** The one column that a ref to the entity gives; undefined where its key has several. */
function keyColumnOf(draft: Draft): string | undefined {
  const primary = primaryKeyOf(draft)
  if (primary.length === 1) return primary[0]
  return draft.spec.match?.length === 1 ? draft.spec.match[0] : undefined
}

/** The generated key column that nobody maps. */
export function generatedKeyOf(draft: Draft): Column | undefined {
  const name = keyColumnOf(draft)
  if (name === undefined || draft.fields.some(field => field.target === name)) return undefined
  const column = draft.target?.columns.find(c => c.name === name)
  return column?.generated === 'always' || column?.generated === 'default' ? column : undefined
}

/** The target column, as it is or as it will be created; undefined when it is neither (said elsewhere or here). */
export function columnOf(world: World, draft: Draft, target: string, seen: readonly string[] = []): Column | undefined {
  if (draft.target !== undefined) return draft.target.columns.find(column => column.name === target)
  const field = draft.fields.find(f => f.target === target)
  const place = `${draft.spec.name}.${target}`
  if (field === undefined || seen.includes(place)) return undefined
  const wanted = wantedColumn(world, draft, field, [...seen, place])
  if (wanted === undefined) return undefined
  const made = world.catalogs.database('$target').created?.(wanted, primaryKeyOf(draft).includes(target))
  return { ...wanted, native: formatType(wanted.type), hasDefault: false, ...made }
}

/** What a table to be created is asked for, to hold the field; undefined where its type is not known (said here). */
export function wantedColumn(
  world: World,
  draft: Draft,
  field: FieldSpec,
  seen: readonly string[] = [],
): NewColumn | undefined {
  const { target } = field
  const { type } = createdType(world, draft, field, seen)
  // A file takes any value: each is written as what it is.
  if (type === undefined || (type.kind === 'any' && !draft.toFile)) {
    const what =
      type === undefined && field.type !== undefined ? `"${field.type}" is not a type` : 'its type is unknown'
    const message = `${target} is to be created, and ${what}`
    draft.problems.error('E216', field.path, message, 'say it: `type: text`')
    return undefined
  }
  const nullable = !field.required && !primaryKeyOf(draft).includes(target)
  return { name: target, type, nullable }
}

/** The type of a column to be created, and what decided it. */
export function createdType(
  world: World,
  draft: Draft,
  field: FieldSpec,
  seen: readonly string[] = [],
): { readonly type: LogicalType | undefined; readonly by: string } {
  if (field.type !== undefined) return { type: parseType(field.type), by: 'field type' }
  const decided = ruleFor(world.spec, draft, field)
  if (decided !== undefined) return { type: decided.rule.to, by: decided.name }
  const by =
    field.ref !== undefined
      ? `key of ${field.ref.entity}`
      : field.lookup !== undefined
        ? `look-up ${field.lookup.name}`
        : `source ${straightColumn(draft, field)?.native ?? 'unknown'}`
  return { type: inputType(world, draft, field, seen), by }
}

/** What arrives at a field's cast: the source's, the look-up's or the referenced key's type, `any` after functions. */
export function inputType(
  world: World,
  draft: Draft,
  field: FieldSpec,
  seen: readonly string[] = [],
): LogicalType | undefined {
  const any: LogicalType = { kind: 'any' }
  if (field.ref !== undefined) {
    if (field.ref.onMissing === 'keep') return any
    const other = world.drafts.get(field.ref.entity)
    const column = other === undefined ? undefined : refColumnOf(world, draft, field.target, other, seen)
    return column?.type ?? any
  }
  if (field.lookup !== undefined) {
    const lookup = world.lookups.get(field.lookup.name)
    if (lookup === undefined || field.lookup.onMissing === 'keep') return any
    return lookup.value.length === 1 ? lookup.value[0]?.type : { kind: 'json' }
  }
  return straightColumn(draft, field)?.type ?? any
}

/** The column of the other entity's table that a ref gives: what the foreign key points at, otherwise its key. */
export function refColumnOf(
  world: World,
  draft: Draft,
  target: string,
  other: Draft,
  seen: readonly string[] = [],
): Column | undefined {
  const foreignKey = draft.target?.foreignKeys.find(
    key => key.columns.length === 1 && key.columns[0] === target && sameTable(key.references, other.spec.to.table),
  )
  const name = foreignKey?.referencedColumns[0] ?? keyColumnOf(other)
  return name === undefined ? undefined : columnOf(world, other, name, seen)
}

/** Do the field's functions and expression give the same for the same row each time? */
export function isPureField(field: FieldSpec): boolean {
  return (
    field.apply.every(({ fn, params }) => isPureCall(fn, params)) &&
    (field.input.kind !== 'expr' || isPure(field.input.rule))
  )
}

export function targetLabel(draft: Draft): string {
  return formatTable(draft.spec.to.table)
}
