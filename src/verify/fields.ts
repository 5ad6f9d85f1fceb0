import type { Column } from '../core/catalog.js'
import type { LogicalType } from '../core/types.js'
import { formatType } from '../core/types.js'
import type { EntityPlan, FieldPlan, Plan, ReadPlan } from '../plan/plan.js'
import { readsOf } from '../plan/plan.js'
import { isPure, isPureCall } from '../transforms/expression.js'
import { shownOwn } from '../transforms/own/registry.js'

/** A column whose values are compared. */
export interface ComparedField {
  readonly column: Column
  /** What makes its values, for people. */
  readonly step: string
}

/**
 * Why the values of a field cannot be known a second time; undefined where they can.
 *
 * @param otherRun why the run that made the values is not known for each row
 */
export function whyUnknown(
  plan: Plan,
  entity: Pick<EntityPlan, 'read' | 'program'>,
  field: FieldPlan,
  column: Column,
  otherRun: string | undefined,
): string | undefined {
  const random = field.apply.find(({ fn, params }) => !isPureCall(fn, params))
  if (random !== undefined) return `${calledAs(random)} gives another value each time`
  if (field.input.kind === 'expr' && !isPure(field.input.rule)) return 'its expression gives another value each time'
  if (otherRun !== undefined && knowsRun(entity.program, field)) return otherRun
  const used = field.input.kind === 'columns' ? field.input.names : []
  const letNames = entity.program.lets.filter(({ rule }) => !isPure(rule)).map(({ name }) => name)
  const text = JSON.stringify(field.input)
  const unstable = letNames.find(name => used.includes(name) || text.includes(JSON.stringify(name)))
  if (unstable !== undefined) return `let ${unstable} gives another value each time`
  return ownWords(column.type) && !sameWords(plan, entity.read, field, column.type)
    ? `the target writes ${formatType(column.type)} in words of its own`
    : undefined
}

/** A function of one's own by its own name. */
function calledAs({ fn, params }: FieldPlan['apply'][number]): string {
  return fn === 'module' ? shownOwn(String(params.function)) : fn
}

/** Is a value made of the run's id or beginning? */
function knowsRun({ lets }: EntityPlan['program'], { input, apply }: FieldPlan): boolean {
  const used = JSON.stringify(input)
  const texts = [
    used,
    ...lets.filter(({ name }) => used.includes(JSON.stringify(name))).map(({ rule }) => JSON.stringify(rule)),
  ]
  return (
    texts.some(text => text.includes('"$run.') || text.includes('"age"')) ||
    apply.some(({ fn, params }) => fn === 'age' && params.at === undefined)
  )
}

function ownWords(type: LogicalType): boolean {
  return type.kind === 'interval' || type.kind === 'other'
}

/** The value is one that the same kind of server wrote as this very type. */
function sameWords(plan: Plan, read: ReadPlan, field: FieldPlan, type: LogicalType): boolean {
  const engines = readsOf(read).map(({ from }) =>
    from.kind === 'rows' ? '' : from.source === '$target' ? plan.target.type : plan.sources[from.source]?.type,
  )
  return formatType(field.castFrom) === formatType(type) && engines.every(engine => engine === plan.target.type)
}

/** `from NAME, trim, map status, cast varchar(40)`: everything that made a value, in its order. */
export function stepOf(field: FieldPlan): string {
  const { input, map, lookup, ref } = field
  const parts = [input.kind === 'columns' ? `from ${input.names.join(', ')}` : input.kind]
  for (const { fn } of field.apply) parts.push(fn)
  if (map !== undefined) parts.push(map.name === undefined ? 'map' : `map ${map.name}`)
  if (lookup !== undefined) parts.push(`lookup ${lookup.name}`)
  if (ref !== undefined) parts.push(`ref ${ref.entity}`)
  if (field.default !== undefined && field.default !== null) parts.push('default')
  const [from, to] = [formatType(field.castFrom), formatType(field.castThen ?? field.castTo)]
  if (from !== to) parts.push(`cast ${to}`)
  return parts.join(', ')
}
