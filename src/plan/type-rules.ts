import { formatTable } from '../core/catalog.js'
import { formatType } from '../core/types.js'
import type { FieldSpec, PipelineSpec, TypeRule } from '../spec/model.js'
import type { Draft } from './draft.js'
import type { Problems } from './problems.js'
import { suggest } from './problems.js'
import type { SourceColumn } from './source-shape.js'

/** The source column whose values come to the field's cast as they are; undefined where anything makes other values of them. */
export function straightColumn(draft: Draft, field: FieldSpec): SourceColumn | undefined {
  const { input, apply, map, lookup, ref } = field
  const changed = apply.length > 0 || (map ?? lookup ?? ref) !== undefined
  if (changed || input.kind !== 'from' || input.names.length !== 1) return undefined
  if (draft.spec.let.some(l => l.name === input.names[0])) return undefined
  return draft.source.columns.find(column => column.name === input.names[0])
}

/** The rule that decides the field's type, and how the plan calls it; a `type` of the field comes before all. */
export function ruleFor(
  pipeline: PipelineSpec,
  draft: Draft,
  field: FieldSpec,
): { readonly rule: TypeRule; readonly name: string } | undefined {
  const column = straightColumn(draft, field)
  if (field.type !== undefined || column === undefined) return undefined
  const rule = rulesOf(pipeline, draft).find(each => fits(each, draft, column))
  return (
    rule && { rule, name: `rule types[${rule.path.at(-1)}] of the ${rule.path[0] === 'types' ? 'pipeline' : 'entity'}` }
  )
}

function rulesOf(pipeline: PipelineSpec, draft: Draft): readonly TypeRule[] {
  return [...draft.spec.types, ...pipeline.types]
}

function fits({ when }: TypeRule, draft: Draft, column: SourceColumn): boolean {
  const { from } = draft.source
  const tables = from.kind === 'table' ? [from.table.table, formatTable(from.table)] : []
  return (
    (when.source === undefined || matches(when.source, [column.native])) &&
    (when.column === undefined || matches(when.column, [column.name])) &&
    (when.table === undefined || matches(when.table, tables))
  )
}

function matches(patterns: readonly string[], texts: readonly string[]): boolean {
  return patterns.some(pattern => {
    const parts = tidy(pattern)
      .split('*')
      .map(part => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
    const expression = new RegExp(`^${parts.join('.*')}$`, 'is')
    return texts.some(text => expression.test(tidy(text)))
  })
}

/** Databases differ in how they space `NUMBER(10, 2)`. */
function tidy(text: string): string {
  return text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),]) ?/g, '$1')
}

/** Says of each rule that decides no column why it does not; rules of entities that are not all known are left alone. */
export function warnUnusedRules(pipeline: PipelineSpec, drafts: readonly Draft[], problems: Problems): void {
  const created = drafts.filter(draft => draft.spec.to.create)
  const used = new Set(created.flatMap(draft => draft.fields.map(field => ruleFor(pipeline, draft, field)?.rule)))
  const all = drafts.length === pipeline.entities.length ? pipeline.types : []
  for (const rule of [...all, ...drafts.flatMap(draft => draft.spec.types)]) {
    if (used.has(rule)) continue
    const reach = created.filter(draft => rulesOf(pipeline, draft).includes(rule))
    problems.warn('E214', rule.path, ...whyUnused(rule, reach))
  }
}

function whyUnused(rule: TypeRule, drafts: readonly Draft[]): readonly [message: string, hint: string] {
  const what = `this rule gives no column the type ${formatType(rule.to)}`
  if (drafts.length === 0)
    return [`${what}: no table is created`, 'say `create: if_missing` in `to`, or remove the rule']
  const columns = drafts.flatMap(draft => {
    return draft.fields.flatMap(field => {
      const column = straightColumn(draft, field)
      return column === undefined ? [] : [{ draft, column }]
    })
  })
  if (columns.some(({ draft, column }) => fits(rule, draft, column))) {
    return [`${what}: the \`type\` of fields and earlier rules decide all that it fits`, 'remove it, or move it up']
  }
  const natives = [...new Set(columns.map(({ column }) => column.native))]
  const hint = suggest(
    rule.when.source?.[0] ?? '',
    rule.when.source === undefined ? [] : natives,
    'the source types are',
  )
  return [`${what}: it fits no source column`, hint ?? 'remove it, or mend its patterns']
}
