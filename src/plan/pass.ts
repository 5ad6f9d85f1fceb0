import type { FieldSpec } from '../spec/model.js'
import type { Draft } from './draft.js'
import { fieldColumns } from './draft.js'
import { checkField, plainField } from './field-plan.js'
import type { FieldPlan, ProgramPlan, ReadPlan } from './plan.js'
import { planRef } from './refs.js'
import { nameColumns, ruleColumns } from './scope.js'
import { unionRead } from './union-read.js'
import type { World } from './world.js'

/** What a pass reads, wherever it is. */
export type PassRead = Omit<ReadPlan, 'from' | 'where' | 'version'>

export interface Pass {
  readonly read: ReadPlan
  readonly program: ProgramPlan
  /** The field of each of `program.fields`. */
  readonly specs: readonly FieldSpec[]
}

/** One way over an entity's source: reads what the fields, the filter, the order and the key need, and nothing else. */
export function planPass(
  world: World,
  draft: Draft,
  fields: readonly FieldSpec[],
  keyFields: (index: (name: string) => number) => readonly FieldPlan[] = () => [],
): Pass {
  const { spec, source } = draft
  const lets = new Set<string>()
  const touched = new Set<string>()
  const used = new Set<string>([...source.key, ...source.order])
  const note = (columns: readonly { readonly name: string }[], looks: boolean): void => {
    for (const { name } of columns) {
      used.add(name)
      if (looks) touched.add(name)
    }
  }
  // Whether a row is sound decides whether others are its duplicates: every pass looks at all of it.
  const looked = spec.dedupe === undefined ? fields : draft.fields
  for (const field of looked) note(fieldColumns(field, spec, source, lets), looksAt(field, spec))
  if (spec.filter !== undefined) note(ruleColumns(spec.filter, spec, source, lets), true)
  // What is compared must have one form, whoever reads it.
  for (const name of spec.dedupe?.by ?? []) note(nameColumns(name, spec, source, lets), true)
  if (spec.incremental !== undefined) used.add(spec.incremental.column)
  const usedLets = spec.let.filter(l => lets.has(l.name))
  const columns = source.columns.filter(column => used.has(column.name))
  for (const { clash } of columns) {
    const hint = '`rename` one of them, or read it by a `query` that converts it'
    if (clash !== undefined) draft.problems.error('E216', [...spec.path, 'from', 'union'], clash, hint)
  }
  const frame = [...columns.map(column => column.name), ...usedLets.map(l => l.name)]
  const index = (name: string): number => frame.indexOf(name)
  const plans: FieldPlan[] = [...keyFields(index)]
  const specs: FieldSpec[] = []
  for (const field of fields) {
    const plain = plainField(world, draft, field, index)
    if (plain === undefined) continue
    checkField(world, draft, field, plain)
    const ref = planRef(world, draft, field)
    plans.push(ref === undefined ? plain : { ...plain, ref })
    specs.push(field)
  }
  const place = (name: string): number => columns.findIndex(column => column.name === name)
  const read: PassRead = {
    columns: columns.map(({ name, type, native, nullable }) => {
      // A timestamp has two texts: as a key it must have the same one in every pass.
      return {
        name,
        type,
        native,
        nullable,
        decode: touched.has(name) || (source.key.includes(name) && type.kind === 'timestamp'),
      }
    }),
    order: source.order.map(place),
    key: source.key.map(place),
    ...(spec.incremental === undefined ? {} : { mark: place(spec.incremental.column) }),
  }
  return {
    read:
      source.from.kind === 'union'
        ? { ...read, from: { kind: 'union', members: source.from.members.map(member => unionRead(member, read)) } }
        : {
            from: source.from,
            ...read,
            ...(spec.where === undefined ? {} : { where: spec.where }),
            ...(source.version === undefined ? {} : { version: source.version }),
            ...(source.snapshot === undefined ? {} : { snapshot: source.snapshot }),
          },
    program: {
      lets: usedLets.map(({ name, rule }) => ({ name, rule })),
      ...(spec.filter === undefined ? {} : { filter: spec.filter }),
      ...(spec.dedupe === undefined ? {} : { dedupe: { by: spec.dedupe.by.map(index), keep: spec.dedupe.keep } }),
      fields: plans,
    },
    specs,
  }
}

function looksAt(field: FieldSpec, spec: Draft['spec']): boolean {
  const { input } = field
  if (input.kind !== 'from' || field.apply.length > 0) return true
  const works = field.map ?? field.lookup ?? field.ref
  return works !== undefined || input.names.some(name => spec.let.some(l => l.name === name))
}
