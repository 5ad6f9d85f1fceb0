import type { Column, Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { EntitySpec, FieldSpec, PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import { checkFileTarget, writesFiles } from './file-target.js'
import type { Problems } from './problems.js'
import { suggest } from './problems.js'
import { checkNames, floatArithmetic, nameColumns, ruleColumns } from './scope.js'
import type { SourceShape } from './source-shape.js'
import { columnProblem, sourceShape } from './source-shape.js'
import { unionShape } from './union-shape.js'

/** An entity with its tables found, before anything about other entities is known. */
export interface Draft {
  readonly spec: EntitySpec
  readonly source: SourceShape
  /** Undefined: the table is missing and will be created. */
  readonly target: Table | undefined
  /** The target is a file, made anew: it has no keys and takes any value. */
  readonly toFile: boolean
  /** The file's fields, then those that `rest: copy` adds. */
  readonly fields: readonly FieldSpec[]
  readonly problems: Problems
}

/** Undefined when a table is missing; the problems say so. */
export function draftEntity(
  pipeline: PipelineSpec,
  spec: EntitySpec,
  catalogs: Catalogs,
  problems: Problems,
): Draft | undefined {
  const toFile = writesFiles(catalogs)
  if (toFile && !checkFileTarget(pipeline, spec, problems)) return undefined
  const { from } = spec
  const source =
    from.kind === 'union'
      ? unionShape(spec, from, catalogs, problems)
      : sourceShape({ ...spec, from }, catalogs, problems)
  const target = toFile ? undefined : catalogs.table(TARGET, spec.to.table)
  if (target === undefined && !toFile && !spec.to.create) {
    const name = formatTable(spec.to.table)
    const hint = suggest(name, catalogs.tableNames(TARGET, spec.to.table), 'its tables are')
    const offer = `${hint === undefined ? '' : `${hint}; `}\`create: if_missing\` would create it`
    problems.error('E208', [...spec.path, 'to'], `the target has no table ${name}`, offer)
    return undefined
  }
  if (source === undefined) return undefined
  checkNames(pipeline, spec, source, spec.fields, problems)
  for (const field of spec.fields) {
    const column = target && columnProblem(field.target, target.columns, formatTable(target), field.path, problems)
    if (column?.generated === 'stored') {
      problems.error('E222', field.path, `${field.target} is computed by the target`, 'remove the field')
    }
    if (field.input.kind === 'expr') warnFloat(field.input.rule, source, [...field.path, 'expr'], problems)
  }
  for (const l of spec.let) warnFloat(l.rule, source, l.path, problems)
  const fields = [...spec.fields, ...restFields(spec, source, target, problems)]
  for (const [i, column] of spec.defer.entries()) {
    columnProblem(
      column,
      fields.map(field => ({ name: field.target })),
      `fields of ${spec.name}`,
      [...spec.path, 'defer', i],
      problems,
    )
  }
  return { spec, source, target, toFile, fields, problems }
}

function warnFloat(rule: unknown, source: SourceShape, path: FieldSpec['path'], problems: Problems): void {
  const names = floatArithmetic(rule, source.columns)
  if (names.length === 0) return
  const one = names.length === 1 ? 'is a decimal' : 'are decimals'
  const hint = '`add`, `subtract`, `multiply` and `divide` are exact'
  problems.warn('E221', path, `${names.join(', ')} ${one}, and this arithmetic is done in floats`, hint)
}

/** Source columns that nothing in the file names, by `rest`: new fields for `copy`, otherwise what there is to say. */
function restFields(
  spec: EntitySpec,
  source: SourceShape,
  target: Table | undefined,
  problems: Problems,
): readonly FieldSpec[] {
  if (spec.rest === 'ignore') return []
  const used = usedNames(spec, source)
  const rest = source.columns.filter(column => !used.has(column.name) && column.pseudo !== true)
  const path = [...spec.path, 'rest']
  if (spec.rest !== 'copy') {
    if (rest.length === 0) return []
    const message = `${source.label}: nothing uses ${rest.map(column => column.name).join(', ')}`
    const hint = 'add fields for them, or say `rest: ignore` or `rest: copy`'
    if (spec.rest === 'fail') problems.error('E219', path, message, hint)
    else problems.warn('E219', path, message, hint)
    return []
  }
  const taken = new Set(spec.fields.map(field => field.target))
  const copies: FieldSpec[] = []
  const homeless: string[] = []
  // A key that no field takes is copied as well: `copy` means the whole row.
  const { dedupe: _dedupe, incremental: _incremental, ...bare } = spec
  const mapped = usedNames({ ...bare, key: [], orderBy: [] }, { ...source, key: [] })
  for (const { name } of source.columns.filter(column => !mapped.has(column.name) && column.pseudo !== true)) {
    const to = target === undefined ? name : sameName(name, target.columns)
    if (to === undefined || taken.has(to)) {
      if (!used.has(name)) homeless.push(name)
      continue
    }
    taken.add(to)
    copies.push({ target: to, input: { kind: 'from', names: [name] }, apply: [], required: false, path })
  }
  if (homeless.length > 0) {
    const message = `${source.label}: the target has no column for ${homeless.join(', ')}`
    problems.warn('E219', path, message, 'add fields for them, or columns to the target')
  }
  return copies
}

function sameName(name: string, columns: readonly Column[]): string | undefined {
  const free = columns.filter(column => column.generated !== 'stored')
  if (free.some(column => column.name === name)) return name
  const folded = free.filter(column => column.name.toLowerCase() === name.toLowerCase())
  return folded.length === 1 ? folded[0]?.name : undefined
}

function usedNames(spec: EntitySpec, source: SourceShape): Set<string> {
  const lets = new Set<string>()
  const columns = [
    ...spec.let.flatMap(l => ruleColumns(l.rule, spec, source, lets)),
    ...(spec.filter === undefined ? [] : ruleColumns(spec.filter, spec, source, lets)),
    ...spec.fields.flatMap(field => fieldColumns(field, spec, source, lets)),
    ...(spec.dedupe?.by ?? []).flatMap(name => nameColumns(name, spec, source, lets)),
  ]
  const marks = spec.incremental === undefined ? [] : [spec.incremental.column]
  return new Set([...columns.map(column => column.name), ...source.key, ...spec.orderBy, ...marks])
}

/** Source columns that a field reads, through lets too. */
export function fieldColumns(
  field: FieldSpec,
  spec: EntitySpec,
  source: SourceShape,
  lets: Set<string>,
): SourceShape['columns'] {
  if (field.input.kind === 'expr') return ruleColumns(field.input.rule, spec, source, lets)
  if (field.input.kind === 'from') return field.input.names.flatMap(name => nameColumns(name, spec, source, lets))
  return []
}
