import { ROW_NUMBER } from '../core/catalog.js'
import type { DocPath } from '../core/diagnostics.js'
import { checkChecks } from './check-checks.js'
import { checkField, checkType } from './check-field.js'
import { checkFrom, knownSource } from './check-from.js'
import { checkIncremental } from './check-incremental.js'
import { suggestion } from './diagnostics.js'
import type { Scope } from './shape.js'
import { list, nameList, namePath, record, text } from './shape.js'

/** Everything about one entity that needs no other file and no connection; what it depends on is the graph's job. */
export function checkEntity(name: string, raw: unknown, scope: Scope): void {
  const entity = record(raw)
  const path: DocPath = ['entities', name]
  if (Object.keys(entity).length === 0) return
  checkFrom(entity, path, scope)
  const columns = knownColumns(entity.from)
  const names = columns === undefined ? undefined : new Set(columns)
  checkColumns(entity, columns, path, scope)
  checkIncremental(entity, path, scope)
  for (const [key, rule] of Object.entries(record(entity.let))) {
    if (names?.has(key)) scope.report('E213', [...path, 'let', key], `the rows have a column "${key}" already`)
    scope.checkRule(rule, names, [...path, 'let', key])
    names?.add(key)
  }
  if (Object.hasOwn(entity, 'filter')) scope.checkRule(entity.filter, names, [...path, 'filter'])
  for (const [target, field] of Object.entries(record(entity.fields))) {
    checkField(field, [...path, 'fields', target], names, scope)
  }
  checkTargetColumns(entity, path, scope)
  checkTypes(entity.types, [...path, 'types'], scope)
  checkMaxErrors(entity.max_errors, [...path, 'max_errors'], scope)
  checkHooks(entity.hooks, [...path, 'hooks'], scope)
  checkChecks(entity.checks, [...path, 'checks'], 'entity', scope)
  for (const [i, other] of nameList(entity.depends_on).entries()) {
    if (Object.hasOwn(scope.entities, other)) continue
    const hint = suggestion(other, Object.keys(scope.entities))
    scope.report('E201', [...path, 'depends_on', i], `no entity is called "${other}"`, hint)
  }
}

/** Columns that the file itself says the rows have. */
function knownColumns(from: unknown): readonly string[] | undefined {
  const { rows, columns, file } = record(from)
  if (Array.isArray(columns)) return [...nameList(columns), ...(file === undefined ? [] : [ROW_NUMBER])]
  return Array.isArray(rows) ? [...new Set(rows.flatMap(row => Object.keys(record(row))))] : undefined
}

function checkColumns(
  entity: Readonly<Record<string, unknown>>,
  columns: readonly string[] | undefined,
  path: DocPath,
  scope: Scope,
): void {
  if (columns === undefined) return
  for (const key of ['key', 'order_by']) {
    for (const [i, name] of nameList(entity[key]).entries()) {
      if (columns.includes(name)) continue
      const at = namePath([...path, key], entity[key], i)
      scope.report('E207', at, `the rows have no column "${name}"`, suggestion(name, columns))
    }
  }
}

/** `defer` and `match` name target columns, which must be among the fields unless the rest is copied. */
function checkTargetColumns(entity: Readonly<Record<string, unknown>>, path: DocPath, scope: Scope): void {
  if ((entity.rest ?? scope.defaults.rest) === 'copy') return
  const fields = Object.keys(record(entity.fields))
  if (fields.length === 0) {
    const hint = 'Add `fields`, or `rest: copy` to take every column as it is.'
    scope.report('E104', path, `entity ${path.at(-1)} writes no column: it has no \`fields\``, hint)
    return
  }
  for (const key of ['defer', 'match']) {
    for (const [i, name] of nameList(entity[key]).entries()) {
      if (fields.includes(name)) continue
      const at = namePath([...path, key], entity[key], i)
      scope.report('E207', at, `no field makes the target column "${name}"`, suggestion(name, fields))
    }
  }
}

export function checkTypes(rules: unknown, path: DocPath, scope: Scope): void {
  for (const [i, rule] of list(rules).entries()) checkType(record(rule).to, [...path, i, 'to'], scope)
}

export function checkMaxErrors(value: unknown, path: DocPath, scope: Scope): void {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text(value) ?? '')
  if (share !== null && Number(share[1]) > 100) scope.report('E105', path, 'must be <= 100%')
}

export function checkHooks(raw: unknown, path: DocPath, scope: Scope): void {
  for (const when of ['before', 'after']) {
    for (const [i, hook] of list(record(raw)[when]).entries()) {
      const on = text(record(hook).on)
      if (on !== undefined && on !== 'target')
        knownSource(on, [...path, when, i, 'on'], { ...scope, sources: [...scope.sources, 'target'] })
    }
  }
}

export function checkLookup(name: string, raw: unknown, scope: Scope): void {
  const lookup = record(raw)
  const path: DocPath = ['lookups', name]
  const at = text(lookup.in)
  if (at === undefined) {
    if (lookup.in === undefined && scope.sources.length !== 1) {
      const hint = `Add \`in:\` with one of ${[...scope.sources, 'target'].join(', ')}.`
      scope.report('E202', path, `look-up ${name} does not say where its table is`, hint)
    }
  } else if (at !== 'target') knownSource(at, [...path, 'in'], { ...scope, sources: [...scope.sources, 'target'] })
}
