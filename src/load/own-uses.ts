import type { DocPath } from '../core/diagnostics.js'
import { record } from './shape.js'

type Visit = (reference: string, path: DocPath) => string

/**
 * The data with every reference to a function of one's own, `module: ./functions.mjs#plate`, replaced by what `visit`
 * gives for it: in `apply`, and as an operator in `expr`, `let` and `filter`.
 */
export function mapOwnUses(data: unknown, visit: Visit): unknown {
  const file = record(data)
  if (file.entities === undefined) return data
  return { ...file, entities: each(file.entities, (entity, name) => entityOf(entity, ['entities', name], visit)) }
}

function entityOf(raw: unknown, path: DocPath, visit: Visit): unknown {
  const entity = record(raw)
  const has = (key: string): boolean => Object.hasOwn(entity, key)
  return {
    ...entity,
    ...(has('filter') ? { filter: rule(entity.filter, [...path, 'filter'], visit) } : {}),
    ...(has('let') ? { let: each(entity.let, (value, name) => rule(value, [...path, 'let', name], visit)) } : {}),
    ...(has('fields')
      ? { fields: each(entity.fields, (field, name) => fieldOf(field, [...path, 'fields', name], visit)) }
      : {}),
  }
}

function fieldOf(raw: unknown, path: DocPath, visit: Visit): unknown {
  if (typeof raw !== 'object' || raw === null) return raw
  const field = record(raw)
  const { apply } = field
  return {
    ...field,
    ...(Object.hasOwn(field, 'expr') ? { expr: rule(field.expr, [...path, 'expr'], visit) } : {}),
    ...(Array.isArray(apply) ? { apply: apply.map((step, i) => stepOf(step, [...path, 'apply', i], visit)) } : {}),
  }
}

function stepOf(step: unknown, path: DocPath, visit: Visit): unknown {
  const module = record(step).module
  return module === undefined ? step : { module: parametersOf(module, [...path, 'module'], visit) }
}

/** `{ module: [values…, { function: … }] }` wherever it stands in the rule. */
function rule(part: unknown, path: DocPath, visit: Visit): unknown {
  if (Array.isArray(part)) return part.map((item, i) => rule(item, [...path, i], visit))
  if (typeof part !== 'object' || part === null) return part
  const { module } = record(part)
  if (Object.keys(part).length === 1 && Array.isArray(module)) {
    const last = module.length - 1
    return {
      module: module.map((operand, i) => {
        const at = [...path, 'module', i]
        return i === last && record(operand).function !== undefined
          ? parametersOf(operand, at, visit)
          : rule(operand, at, visit)
      }),
    }
  }
  return each(part, (value, key) => rule(value, [...path, key], visit))
}

function parametersOf(raw: unknown, path: DocPath, visit: Visit): unknown {
  if (typeof raw === 'string') return visit(raw, path)
  const { function: reference } = record(raw)
  if (typeof reference !== 'string') return raw
  return { ...record(raw), function: visit(reference, [...path, 'function']) }
}

function each(block: unknown, change: (value: unknown, key: string) => unknown): unknown {
  if (typeof block !== 'object' || block === null || Array.isArray(block)) return block
  return Object.fromEntries(Object.entries(block).map(([key, value]) => [key, change(value, key)]))
}
