import type { DocPath } from '../core/diagnostics.js'
import { parseType, TYPE_NAMES } from '../core/types.js'
import { suggestion } from './diagnostics.js'
import type { Scope } from './shape.js'
import { list, nameList, namePath, record, text } from './shape.js'

const INPUTS = ['from', 'value', 'expr']

/** One field of an entity. `names`: what the row holds, where that is known without a connection. */
export function checkField(raw: unknown, path: DocPath, names: ReadonlySet<string> | undefined, scope: Scope): void {
  const field = typeof raw === 'string' ? { from: raw } : record(raw)
  const where = (key: string) => (typeof raw === 'string' ? path : [...path, key])
  const has = (key: string) => Object.hasOwn(field, key)
  if (typeof raw !== 'string' && Object.keys(field).length > 0) checkInputs(field, path, scope)
  checkNames(field.from, where('from'), names, scope)
  if (has('expr')) scope.checkRule(field.expr, names, where('expr'))
  checkTargets(field, path, scope)
  checkArity(field, path, scope)
  checkCalls(field, path, scope)
  checkType(field.type, where('type'), scope)
}

export function checkType(raw: unknown, path: DocPath, scope: Scope): void {
  const type = text(raw)
  if (type === undefined || type === '' || parseType(type) !== undefined) return
  scope.report('E216', path, `"${type}" is not a type`, suggestion(type, TYPE_NAMES))
}

function checkInputs(field: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  const given = INPUTS.filter(key => Object.hasOwn(field, key))
  if (given.length === 0) {
    scope.report('E104', path, `field ${path.at(-1)} needs \`from\`, \`value\` or \`expr\``)
  }
  exclusive(given, path, scope)
  exclusive(
    ['map', 'ref'].filter(key => Object.hasOwn(field, key)),
    path,
    scope,
  )
  exclusive(
    ['lookup', 'ref'].filter(key => Object.hasOwn(field, key)),
    path,
    scope,
  )
  const needs = (key: string, others: readonly string[], words: string) => {
    if (Object.hasOwn(field, key) && !others.some(other => Object.hasOwn(field, other))) {
      scope.report('E217', [...path, key], `\`${key}\` says nothing without ${words}`)
    }
  }
  needs('unmapped', ['map'], '`map`')
  needs('on_missing', ['lookup', 'ref'], '`lookup` or `ref`')
  if (field.on_invalid === 'default' && !Object.hasOwn(field, 'default')) {
    scope.report('E217', [...path, 'on_invalid'], '`on_invalid: default` needs a `default`')
  }
}

/** Of keys that exclude each other one may be there; the problem stands at the second. */
export function exclusive(given: readonly string[], path: DocPath, scope: Scope): void {
  const [first, second] = given
  if (second === undefined) return
  const keys = given.map(key => `\`${key}\``).join(', ')
  scope.report('E215', [...path, second], `\`${first}\` and \`${second}\` exclude each other`, `Keep one of ${keys}.`)
}

function checkNames(from: unknown, path: DocPath, names: ReadonlySet<string> | undefined, scope: Scope): void {
  if (names === undefined) return
  for (const [i, name] of nameList(from).entries()) {
    if (names.has(name)) continue
    scope.report('E207', namePath(path, from, i), `the rows have no column "${name}"`, suggestion(name, [...names]))
  }
}

function checkTargets(field: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  const map = text(field.map)
  if (map !== undefined) {
    scope.usedMaps.add(map)
    if (!scope.maps.includes(map)) {
      scope.report('E203', [...path, 'map'], `no map is called "${map}"`, suggestion(map, scope.maps))
    }
  }
  const lookup = text(field.lookup)
  if (lookup !== undefined) {
    scope.usedLookups.add(lookup)
    const names = Object.keys(scope.lookups)
    if (!names.includes(lookup)) {
      scope.report('E204', [...path, 'lookup'], `no look-up is called "${lookup}"`, suggestion(lookup, names))
    }
  }
  const ref = text(field.ref)
  if (ref !== undefined && !Object.hasOwn(scope.entities, ref)) {
    const hint = suggestion(ref, Object.keys(scope.entities))
    scope.report('E201', [...path, 'ref'], `no entity is called "${ref}"`, hint)
  }
}

/** How many values each step gets: all of `from` for the first, one for those after it. */
function checkArity(field: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  const count = Array.isArray(field.from) ? field.from.length : 1
  let values = count
  for (const [i, step] of list(field.apply).entries()) {
    const name = text(step) ?? Object.keys(record(step))[0]
    const fn = name === undefined ? undefined : scope.functions.get(name)
    const at = typeof step === 'string' ? [...path, 'apply', i] : [...path, 'apply', i, name ?? '']
    if (fn === undefined) return
    if (typeof step === 'string' && fn.required.length > 0) {
      const hint = fn.short === undefined ? undefined : `Write \`{ ${name}: … }\`.`
      scope.report('E211', at, `${name} needs \`${fn.required.join('`, `')}\``, hint)
    }
    if (values < fn.values.min || values > fn.values.max) {
      scope.report('E211', at, `${name} takes ${range(fn.values)}, but gets ${values}`)
    }
    values = 1
  }
  if (values === 1 && count === 1) checkKeyCount(field, 1, path, scope)
  else if (list(field.apply).length > 0) checkKeyCount(field, 1, path, scope)
  else if (!checkKeyCount(field, count, path, scope)) {
    const hint = 'Put a function such as `join` into `apply`.'
    scope.report(
      'E211',
      [...path, 'from'],
      `${count} columns need a function, a look-up or a ref that makes them one`,
      hint,
    )
  }
}

function checkCalls(field: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  for (const [i, step] of list(field.apply).entries()) {
    const [name, params] = Object.entries(record(step))[0] ?? []
    if (name === undefined) continue
    const short = scope.functions.get(name)?.short
    const isLong = short === undefined || Object.keys(record(params)).length > 0
    scope.checkCall(name, isLong ? record(params) : { [short]: params }, [...path, 'apply', i, name])
  }
}

/** Do as many values arrive as the look-up or the entity has key columns? False where there is neither. */
function checkKeyCount(field: Readonly<Record<string, unknown>>, count: number, path: DocPath, scope: Scope): boolean {
  const kind = field.lookup === undefined ? 'ref' : 'lookup'
  const name = text(field[kind])
  if (name === undefined) return count === 1
  const owner = record(kind === 'ref' ? scope.entities[name] : scope.lookups[name])
  const key = nameList(owner.key)
  if (key.length > 0 && key.length !== count) {
    const hint = `Its key is ${key.join(', ')}.`
    scope.report(
      'E211',
      [...path, kind],
      `${name} takes ${range({ min: key.length, max: key.length })}, but gets ${count}`,
      hint,
    )
  }
  return true
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  if (!Number.isFinite(max)) return `${min} or more values`
  if (min !== max) return `${min} to ${max} values`
  return min === 1 ? 'one value' : `${min} values`
}
