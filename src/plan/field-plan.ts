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
import { columnOf, inputType } from './world.js'

/** A field without its ref; undefined where its column is not known (said elsewhere). `index` gives frame positions. */
export function plainField(
  world: World,
  draft: Draft,
  field: FieldSpec,
  index: (name: string) => number,
): FieldPlan | undefined {
  const column = columnOf(world, draft, field.target)
  if (column === undefined) return undefined
  const { input } = field
  // A column without a type of its own takes any: there a rule can still say what the values are.
  const rule = column.type.kind === 'any' ? ruleFor(world.spec, draft, field)?.rule.to : undefined
  const castTo = field.type === undefined ? (rule ?? column.type) : parseType(field.type)
  if (castTo === undefined) {
    draft.problems.error('E216', [...field.path, 'type'], `"${field.type}" is not a type`)
    return undefined
  }
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
    castFrom: inputType(world, draft, field) ?? { kind: 'any' },
    castTo,
    ...(field.onLossy === undefined ? {} : { onLossy: field.onLossy }),
    ...(field.onInvalid === undefined ? {} : { onInvalid: field.onInvalid }),
    required: field.required || !column.nullable,
  }
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

/** What the field's cast can do to the values; undefined where nothing is converted. */
export function conversionOf(draft: Draft, field: FieldSpec, plan: FieldPlan): Conversion | undefined {
  if (plan.castFrom.kind === 'any' && (straightColumn(draft, field) === undefined || plan.castTo.kind === 'text'))
    return undefined
  const [from, to] = [formatType(plan.castFrom), formatType(plan.castTo)]
  const { risk, note } = conversionRisk(plan.castFrom, plan.castTo)
  if (from === to && risk !== 'lossy') return undefined
  if (risk === 'lossy' && field.onLossy === undefined) {
    const hint = 'rows that would lose something are rejected; `on_lossy: round` or `truncate` allows it'
    const message = `${field.target}: ${from} to ${to}${note === undefined ? '' : `, ${note}`}`
    draft.problems.warn('E220', field.path, message, hint)
  }
  return { field: field.target, from, to, risk, ...(note === undefined ? {} : { note }) }
}
