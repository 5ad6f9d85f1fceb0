import type { LogicalType } from '../core/types.js'
import type { FieldSpec } from '../spec/model.js'
import { namesUsed } from '../transforms/expression.js'
import type { Draft } from './draft.js'
import { plainField } from './field-plan.js'
import type { RefPlan } from './plan.js'
import type { World } from './world.js'
import { columnOf, fieldOf, inputType, isPureField, refColumnOf, targetLabel } from './world.js'

/** How a field's ref is resolved; undefined when it cannot be, and the problems say why. */
export function planRef(world: World, draft: Draft, field: FieldSpec): RefPlan | undefined {
  if (field.ref === undefined) return undefined
  const { entity, onMissing } = field.ref
  const path = [...field.path, 'ref']
  if (world.skipped.has(entity)) {
    const message = `${entity} is skipped, so this ref finds only rows of earlier runs`
    draft.problems.warn('E412', path, message)
    return { entity, onMissing, kind: 'identity' }
  }
  const other = world.drafts.get(entity)
  if (other === undefined) return undefined
  if (!sameArity(draft, field, other)) return undefined
  const column = refColumnOf(world, draft, field.target, other)
  if (column === undefined) {
    const message = `${targetLabel(other)} has no key of one column, so a ref to ${entity} has nothing to give`
    draft.problems.error('E217', path, message, 'use a look-up in the target')
    return undefined
  }
  const keyField = fieldOf(other, column.name)
  if (keyField === undefined) {
    if (column.generated === 'always' || column.generated === 'default') return { entity, onMissing, kind: 'identity' }
    const message = `nothing that is known before the write fills ${targetLabel(other)}.${column.name}`
    draft.problems.error('E217', path, message, `give ${column.name} a field made from the key of ${entity}`)
    return undefined
  }
  const obstacle = whyNotComputed(other, keyField)
  if (obstacle !== undefined) {
    const message = `${targetLabel(other)}.${column.name} ${obstacle}, so it cannot be told from the source key`
    const key = other.source.key.join(', ')
    draft.problems.error('E217', path, message, `make it from ${key} alone, or use a look-up in the target`)
    return undefined
  }
  const key = other.source.key
  const plan = plainField(world, other, keyField, name => key.indexOf(name))
  if (plan === undefined) return undefined
  return {
    entity,
    onMissing,
    kind: 'computed',
    field: { ...plan, castFrom: keyType(world, draft, field, keyField) },
    keyColumns: key,
    table: other.spec.to.table,
    column: columnOf(world, other, column.name) ?? column,
  }
}

function sameArity(draft: Draft, field: FieldSpec, other: Draft): boolean {
  const { input } = field
  const given = input.kind === 'from' && field.apply.length === 0 ? input.names.length : 1
  const wanted = other.source.key
  const path = [...field.path, 'ref']
  if (wanted.length === 0) {
    draft.problems.error('E217', path, `rows of ${other.spec.name} have no key`, `give ${other.spec.name} a \`key\``)
    return false
  }
  if (given === wanted.length) return true
  const message = `${other.spec.name} has a key of ${count(wanted.length)} (${wanted.join(', ')}), this gives ${given}`
  draft.problems.error('E217', path, message, `\`from\` takes them in this order: [${wanted.join(', ')}]`)
  return false
}

function count(columns: number): string {
  return columns === 1 ? '1 column' : `${columns} columns`
}

/** The referring column's own type where it goes straight to the key's cast. */
function keyType(world: World, draft: Draft, field: FieldSpec, keyField: FieldSpec): LogicalType {
  const straight = keyField.apply.length === 0 && keyField.map === undefined && keyField.input.kind === 'from'
  const { ref: _ref, ...given } = field
  return (straight ? inputType(world, draft, given) : undefined) ?? { kind: 'any' }
}

function whyNotComputed(other: Draft, field: FieldSpec): string | undefined {
  const key = other.source.key
  if (field.lookup !== undefined) return 'is made by a look-up'
  if (field.ref !== undefined) return 'is a ref itself'
  if (!isPureField(field)) return 'is different at each attempt'
  if (field.input.kind === 'value') return 'is the same for every row'
  const names =
    field.input.kind === 'from'
      ? field.input.names
      : namesUsed(field.input.rule).filter(name => !name.startsWith('$vars.'))
  const foreign = names.filter(name => !key.includes(name) || other.spec.let.some(l => l.name === name))
  return foreign.length === 0 ? undefined : `is made from ${foreign.join(', ')}, not from the source key`
}
