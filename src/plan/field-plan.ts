import type { Column } from '../core/catalog.js'
import { RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { toJson } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import { formatType, parseType } from '../core/types.js'
import type { FieldSpec } from '../spec/model.js'
import { compileCast, conversionRisk } from '../transforms/cast.js'
import type { Draft } from './draft.js'
import type { Conversion, FieldPlan } from './plan.js'
import { ruleFor, straightColumn } from './type-rules.js'
import type { World } from './world.js'
import { columnOf, createdType, inputType } from './world.js'

/** A field without its ref; undefined where its column is not known (said elsewhere). `index` gives frame positions. */
export function plainField(
  world: World,
  draft: Draft,
  field: FieldSpec,
  index: (name: string) => number,
): FieldPlan | undefined {
  const column = columnOf(world, draft, field.target)
  if (column === undefined) return undefined
  const castTo = fieldType(world, draft, field, column)
  if (castTo === undefined) {
    draft.problems.error('E216', [...field.path, 'type'], `"${field.type}" is not a type`)
    return undefined
  }
  return {
    ...fieldAsWritten(field, index),
    castFrom: inputType(world, draft, field) ?? { kind: 'any' },
    castTo,
    ...(field.type === undefined && draft.target !== undefined ? {} : thenColumn(castTo, column.type)),
    required: field.required || !column.nullable,
  }
}

/** What the file alone says of a field. `index` gives frame positions. */
export function fieldAsWritten(
  field: FieldSpec,
  index: (name: string) => number,
): Omit<FieldPlan, 'castFrom' | 'castTo' | 'required'> {
  const { input } = field
  return {
    target: field.target,
    input:
      input.kind === 'from'
        ? { kind: 'columns', indexes: input.names.map(index), names: input.names }
        : input.kind === 'value'
          ? { kind: 'value', value: toJson(input.value) }
          : input,
    apply: field.apply.map(({ fn, params }) => ({ fn, params })),
    ...(field.map === undefined ? {} : { map: mapPlan(field.map) }),
    ...(field.lookup === undefined ? {} : { lookup: field.lookup }),
    ...(field.default === undefined ? {} : { default: toJson(field.default) }),
    ...(field.onLossy === undefined ? {} : { onLossy: field.onLossy }),
    ...(field.onInvalid === undefined ? {} : { onInvalid: field.onInvalid }),
  }
}

/** What the file says the values are to be: the column's type where it does not. */
function fieldType(world: World, draft: Draft, field: FieldSpec, column: Column): LogicalType | undefined {
  if (field.type !== undefined) return parseType(field.type)
  if (draft.target === undefined) return createdType(world, draft, field).type
  // A column without a type of its own takes any: there a rule can still say what the values are.
  const rule = column.type.kind === 'any' ? ruleFor(world.spec, draft, field)?.rule.to : undefined
  return rule ?? column.type
}

/** A database may round or cut without a word what its column does not hold. */
function thenColumn(castTo: LogicalType | undefined, column: LogicalType): Pick<FieldPlan, 'castThen'> {
  if (castTo === undefined || conversionRisk(castTo, column).risk === 'lossless') return {}
  return { castThen: column }
}

function mapPlan(map: NonNullable<FieldSpec['map']>): NonNullable<FieldPlan['map']> {
  return {
    entries: map.map.entries.map(([code, value]) => [code, toJson(value)] as const),
    ...(map.name === undefined ? {} : { name: map.name }),
    unmapped: map.unmapped,
  }
}

/** Constants that do not fit their column. */
export function checkField(world: World, draft: Draft, field: FieldSpec, plan: FieldPlan): void {
  if (field.default !== undefined) {
    checkConstant(world, draft, field.default, plan.castTo, [...field.path, 'default'], field.target)
  }
  const passes = field.apply.length === 0 && field.map === undefined && field.lookup === undefined
  if (field.input.kind === 'value' && passes) {
    checkConstant(world, draft, field.input.value, plan.castTo, [...field.path, 'value'], field.target)
  }
}

function checkConstant(
  world: World,
  draft: Draft,
  value: Value,
  to: LogicalType,
  path: readonly (string | number)[],
  target: string,
): void {
  if (value === null) return
  const { nulInText } = world.catalogs.database('$target').connector.capabilities
  try {
    compileCast({ kind: 'any' }, to, { nulInText, onLoss: () => undefined })?.(value)
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    draft.problems.error('E103', path, `this does not fit ${target} (${formatType(to)}): ${error.message}`)
  }
}

/** What the field's casts can do to the values; empty where nothing is converted. */
export function conversionsOf(draft: Draft, field: FieldSpec, plan: FieldPlan): readonly Conversion[] {
  const { castFrom, castTo, castThen } = plan
  const source = castFrom.kind !== 'any' || (straightColumn(draft, field) !== undefined && castTo.kind !== 'text')
  return [
    ...(source ? conversion(draft, field, castFrom, castTo) : []),
    ...(castThen === undefined ? [] : conversion(draft, field, castTo, castThen)),
  ]
}

function conversion(draft: Draft, field: FieldSpec, castFrom: LogicalType, castTo: LogicalType): readonly Conversion[] {
  const [from, to] = [formatType(castFrom), formatType(castTo)]
  const { risk, note } = conversionRisk(castFrom, castTo)
  if (from === to && risk === 'lossless') return []
  if (risk === 'lossy' && field.onLossy === undefined) {
    const hint = 'rows that would lose something are rejected; `on_lossy: round` or `truncate` allows it'
    const message = `${field.target}: ${from} to ${to}${note === undefined ? '' : `, ${note}`}`
    draft.problems.warn('E220', field.path, message, hint)
  }
  return [{ field: field.target, from, to, risk, ...(note === undefined ? {} : { note }) }]
}
