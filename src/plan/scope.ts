import type { DocPath } from '../core/diagnostics.js'
import type { EntitySpec, FieldSpec, PipelineSpec } from '../spec/model.js'
import { checkExpression, namesUsed } from '../transforms/expression.js'
import type { Problems } from './problems.js'
import { suggest } from './problems.js'
import type { SourceColumn, SourceShape } from './source-shape.js'

/** Names that have one value for the whole entity. */
function constantNames(spec: PipelineSpec): string[] {
  return ['$run.id', '$run.started_at', '$entity', ...Object.keys(spec.vars).map(name => `$vars.${name}`)]
}

/** Checks every name that an entity's expressions and inputs use; says the place within the expression. */
export function checkNames(
  spec: PipelineSpec,
  entity: EntitySpec,
  shape: SourceShape,
  fields: readonly FieldSpec[],
  problems: Problems,
): void {
  const names = new Set([...shape.columns.map(column => column.name), ...constantNames(spec)])
  const check = (rule: unknown, path: DocPath): void => {
    for (const problem of checkExpression(rule, { names })) {
      // Everything else about a rule is known without a database and was said when the file was loaded.
      if (problem.code === 'E206') problems.error('E206', [...path, ...problem.path], problem.message, problem.hint)
    }
  }
  for (const { name, rule, path } of entity.let) {
    if (names.has(name)) {
      const hint = 'give it a name of its own'
      problems.error('E215', path, `${shape.label} has a column ${name}, which this let would hide`, hint)
    }
    check(rule, path)
    names.add(name)
  }
  if (entity.filter !== undefined) check(entity.filter, [...entity.path, 'filter'])
  const known = [...shape.columns.map(column => column.name), ...entity.let.map(l => l.name)]
  for (const field of fields) {
    if (field.input.kind === 'expr') check(field.input.rule, [...field.path, 'expr'])
    if (field.input.kind !== 'from') continue
    for (const name of field.input.names) {
      if (known.includes(name)) continue
      const path = [...field.path, 'from']
      problems.error('E207', path, `${shape.label} has no column ${name}`, suggest(name, known, 'its columns are'))
    }
  }
}

/** Columns that a rule reads, lets followed to what they read. `lets` gets the names of those lets. */
export function ruleColumns(rule: unknown, entity: EntitySpec, shape: SourceShape, lets: Set<string>): SourceColumn[] {
  return namesUsed(rule).flatMap(name => nameColumns(name, entity, shape, lets))
}

/** The same for one name: a column, a `let`, or (with dots) a path into one. The empty name is the whole row. */
export function nameColumns(name: string, entity: EntitySpec, shape: SourceShape, lets: Set<string>): SourceColumn[] {
  if (name === '') {
    for (const l of entity.let) lets.add(l.name)
    return [...shape.columns]
  }
  for (const part of [name, name.split('.', 1)[0] as string]) {
    const rule = entity.let.find(l => l.name === part)
    if (rule !== undefined) {
      if (lets.has(part)) return letColumns(rule, entity, shape, new Set())
      lets.add(part)
      return letColumns(rule, entity, shape, lets)
    }
    const column = shape.columns.find(c => c.name === part)
    if (column !== undefined) return [column]
  }
  return []
}

/** A let sees the lets before it only, so that this ends. */
function letColumns(
  rule: EntitySpec['let'][number],
  entity: EntitySpec,
  shape: SourceShape,
  lets: Set<string>,
): SourceColumn[] {
  const before = { ...entity, let: entity.let.slice(0, entity.let.indexOf(rule)) }
  return ruleColumns(rule.rule, before, shape, lets)
}

/** Columns of decimals that a rule puts through JSON Logic's own arithmetic, which is in floats. */
export function floatArithmetic(rule: unknown, columns: readonly SourceColumn[]): string[] {
  const found = new Set<string>()
  const walk = (node: unknown, within: boolean): void => {
    if (Array.isArray(node)) {
      for (const item of node) walk(item, within)
      return
    }
    if (typeof node !== 'object' || node === null) return
    for (const [operator, operands] of Object.entries(node)) {
      if (operator === 'var') {
        const name = Array.isArray(operands) ? operands[0] : operands
        const column = columns.find(c => c.name === name)
        if (within && column?.type.kind === 'decimal') found.add(column.name)
      } else {
        walk(operands, within || ['+', '-', '*', '/', '%'].includes(operator))
      }
    }
  }
  walk(rule, false)
  return [...found]
}
