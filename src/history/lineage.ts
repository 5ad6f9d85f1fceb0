import { formatTable } from '../core/catalog.js'
import { formatType } from '../core/types.js'
import type { EntityPlan, FieldPlan, Plan, ProgramPlan } from '../plan/plan.js'
import { fromWords } from '../run/preview.js'
import { namesUsed } from '../transforms/logic/names.js'
import type { ColumnLineage, EntityLineage, LineageStep } from './record.js'

/** Where each target column of a plan comes from, and through what. */
export function lineageOf(plan: Plan): EntityLineage[] {
  return plan.entities.map(entity => ({
    entity: entity.name,
    from: fromWords(entity.read.from),
    to: formatTable(entity.write.table),
    columns: columnsOf(entity),
  }))
}

function columnsOf({ program, deferred }: EntityPlan): ColumnLineage[] {
  const first = program.fields.map(field => column(field, program))
  if (deferred === undefined) return first
  const later = deferred.program.fields
    .filter(field => deferred.columns.includes(field.target))
    .map(field => column(field, deferred.program))
    .map(made => ({ ...made, steps: [...made.steps, { kind: 'second pass' as const, text: 'second pass' }] }))
  return [...first.filter(({ target }) => !deferred.columns.includes(target)), ...later]
}

function column(field: FieldPlan, program: ProgramPlan): ColumnLineage {
  const lets = new Set<string>()
  const sources = new Set<string>()
  const follow = (name: string): void => {
    const rule = program.lets.find(candidate => candidate.name === name)?.rule
    if (rule === undefined) sources.add(name === '' ? 'the whole row' : name)
    else if (!lets.has(name)) {
      lets.add(name)
      namesUsed(rule).forEach(follow)
    }
  }
  const { input } = field
  if (input.kind === 'columns') input.names.forEach(follow)
  if (input.kind === 'expr') namesUsed(input.rule).forEach(follow)
  return {
    target: field.target,
    type: formatType(field.castThen ?? field.castTo),
    sources: [...sources],
    steps: [...[...lets].map(name => ({ kind: 'let' as const, text: `let ${name}` })), ...stepsOf(field)],
  }
}

function stepsOf(field: FieldPlan): LineageStep[] {
  const { input, map, lookup, ref } = field
  const steps: LineageStep[] = []
  if (input.kind === 'value') steps.push({ kind: 'value', text: `value ${JSON.stringify(input.value)}` })
  if (input.kind === 'expr') steps.push({ kind: 'expr', text: 'expression' })
  for (const { fn, params } of field.apply) steps.push({ kind: 'function', text: fn + paramsText(params) })
  if (map !== undefined) steps.push({ kind: 'map', text: `map ${map.name ?? `of ${map.entries.length} values`}` })
  if (lookup !== undefined) steps.push({ kind: 'lookup', text: `lookup ${lookup.name}` })
  if (ref !== undefined) steps.push({ kind: 'ref', text: `ref ${ref.entity}` })
  if (field.default !== undefined) steps.push({ kind: 'default', text: `default ${JSON.stringify(field.default)}` })
  const [from, to] = [formatType(field.castFrom), formatType(field.castTo)]
  if (from !== to && field.castFrom.kind !== 'any') steps.push({ kind: 'cast', text: `${from} → ${to}` })
  return steps
}

const LONGEST = 60

function paramsText(params: FieldPlan['apply'][number]['params']): string {
  const words = Object.entries(params).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  if (words.length === 0) return ''
  const text = words.join(', ')
  return ` (${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text})`
}
