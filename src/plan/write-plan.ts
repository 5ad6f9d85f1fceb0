import type { Column } from '../core/catalog.js'
import type { NewColumn } from '../core/connector.js'
import type { FieldSpec } from '../spec/model.js'
import type { Draft } from './draft.js'
import type { WritePlan } from './plan.js'
import { columnProblem } from './source-shape.js'
import type { World } from './world.js'
import { columnOf, fieldOf, generatedKeyOf, isPureField, primaryKeyOf, targetLabel, wantedColumn } from './world.js'

/** Where and how the first pass writes. */
export function planWrite(world: World, draft: Draft, fields: readonly FieldSpec[], keepsIdentity: boolean): WritePlan {
  const { spec, target } = draft
  const columns = fields.flatMap(field => columnOf(world, draft, field.target) ?? [])
  const mode = spec.load === 'replace' ? 'insert' : spec.load
  if (mode !== 'update') checkRequired(draft)
  const returning = keepsIdentity ? generatedKeyOf(draft) : undefined
  return {
    ...tableParts(draft),
    newColumns: target === undefined ? newColumns(world, draft) : [],
    columns,
    mode,
    replace: spec.load === 'replace',
    match: mode === 'insert' ? [] : checkedMatch(world, draft, returning !== undefined),
    ...(isUnkeyed(draft) ? { unkeyed: true } : {}),
    ...(returning === undefined ? {} : { returning }),
    advance:
      mode === 'update' || target === undefined
        ? []
        : columns.filter(c => c.generated === 'always' || c.generated === 'default').map(c => c.name),
  }
}

function newColumns(world: World, draft: Draft): readonly NewColumn[] {
  return draft.fields.flatMap(field => wantedColumn(world, draft, field) ?? [])
}

/** What both passes say of the table. */
export function tableParts(
  draft: Draft,
): Pick<WritePlan, 'table' | 'create' | 'primaryKey' | 'uniques' | 'foreignKeys' | 'triggers'> {
  const { spec, target } = draft
  return {
    table: spec.to.table,
    create: target === undefined,
    primaryKey: primaryKeyOf(draft),
    uniques: target?.uniques ?? [],
    foreignKeys: target?.foreignKeys ?? [],
    triggers: target?.triggers ?? [],
  }
}

function checkRequired(draft: Draft): void {
  const { spec, target, problems } = draft
  const needy = (target?.columns ?? []).filter(c => !c.nullable && !c.hasDefault && c.generated === undefined)
  for (const { name } of needy) {
    if (fieldOf(draft, name) !== undefined) continue
    const at = spec.defer.indexOf(name)
    if (at >= 0) {
      const message = `${targetLabel(draft)}.${name} is NOT NULL, so it cannot be left for the second pass`
      problems.error('E218', [...spec.path, 'defer', at], message)
    } else {
      const message = `${targetLabel(draft)}.${name} is NOT NULL without a default, and no field makes it`
      problems.error('E218', [...spec.path, 'fields'], message, `add a field \`${name}: ...\``)
    }
  }
}

/** @param generated whether the rows' generated keys are wanted */
function checkedMatch(world: World, draft: Draft, generated: boolean): readonly string[] {
  const { spec, target, problems } = draft
  const match = matchOf(draft)
  const path = [...spec.path, spec.match === undefined ? 'load' : 'match']
  if (match.length === 0) {
    const message = `${targetLabel(draft)} has no primary key, so ${spec.load} cannot tell which row is the same`
    problems.error('E217', path, message, 'say which columns do: `match: [...]`')
    return match
  }
  for (const name of match) {
    if (target !== undefined && columnProblem(name, target.columns, targetLabel(draft), path, problems) === undefined) {
      return match
    }
    if (fieldOf(draft, name) !== undefined) continue
    const hint = `add a field \`${name}: ...\`${spec.match === undefined ? ', or say `match: [...]`' : ''}`
    problems.error('E217', path, `no field makes ${name}, so ${spec.load} cannot tell which row is the same`, hint)
  }
  for (const name of match) {
    const column = target?.columns.find(each => each.name === name) ?? columnOf(world, draft, name)
    if (column?.type.kind === 'float') {
      problems.error(
        'E217',
        path,
        `${name} is a float, and floats cannot be told apart reliably`,
        'match by another key',
      )
    } else if (target !== undefined && column?.nullable === true && !target.primaryKey.includes(name)) {
      const hint = 'match by columns that are NOT NULL: two nulls are never the same row'
      problems.error('E217', path, `${name} may be null, so ${spec.load} cannot tell which row is the same`, hint)
    }
  }
  if (isUnkeyed(draft)) {
    if (generated)
      problems.error(
        'E217',
        path,
        `a row of ${targetLabel(draft)} must be found again for \`ref\` or \`defer\`, and nothing keeps ${match.join(', ')} unique`,
        'match by a key of the table',
      )
  } else if (target !== undefined && !hasUnique(draft, match)) {
    const message = `nothing in ${targetLabel(draft)} keeps ${match.join(', ')} unique`
    const keys = [target.primaryKey, ...target.uniques.map(u => u.columns)].filter(key => key.length > 0)
    const hint =
      keys.length === 0 ? 'give the table a unique key' : `its keys are ${keys.map(k => k.join(', ')).join('; ')}`
    problems.error('E217', path, message, hint)
  }
  return match
}

/** Who only looks whether a row is there needs no constraint. */
function isUnkeyed(draft: Draft): boolean {
  const { spec, target } = draft
  return spec.load === 'ignore' && spec.match !== undefined && target !== undefined && !hasUnique(draft, spec.match)
}

function matchOf(draft: Draft): readonly string[] {
  return draft.spec.match ?? primaryKeyOf(draft)
}

/** Databases find the row to be replaced by a key of exactly these columns. */
function hasUnique(draft: Draft, match: readonly string[]): boolean {
  const keys = [draft.target?.primaryKey ?? [], ...(draft.target?.uniques ?? []).map(unique => unique.columns)]
  return keys.some(key => key.length === match.length && key.every(name => match.includes(name)))
}

/** Columns by which the second pass finds its rows again; empty when it cannot, and the problems say why. */
export function deferredMatch(world: World, draft: Draft): readonly Column[] {
  const { spec, problems } = draft
  const path = [...spec.path, 'defer']
  const match = matchOf(draft)
  if (match.length === 0) {
    problems.error('E217', path, `${targetLabel(draft)} has no primary key to find the rows by again`)
  }
  return match.flatMap(name => {
    const field = fieldOf(draft, name)
    if (field === undefined && generatedKeyOf(draft)?.name !== name) {
      problems.error('E217', path, `no field makes ${name}, by which the second pass would find its rows`)
    }
    if (field !== undefined && !isPureField(field)) {
      problems.error(
        'E217',
        path,
        `${name} is different at each attempt, so the second pass cannot find its rows by it`,
      )
    }
    return columnOf(world, draft, name) ?? []
  })
}
