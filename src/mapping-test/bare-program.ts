import { parseType } from '../core/types.js'
import { fieldAsWritten } from '../plan/field-plan.js'
import type { FieldPlan, ProgramPlan, ReadPlan } from '../plan/plan.js'
import type { EntitySpec, FieldSpec } from '../spec/model.js'
import { namesUsed } from '../transforms/expression.js'

/**
 * The mapping of an entity as far as the file alone says it. Without a catalog no column has a type but what `type` of its
 * field says, and none is NOT NULL but what is `required`.
 *
 * @param given columns that the rows have
 */
export function bareProgram(
  entity: EntitySpec,
  given: readonly string[],
): { readonly read: Pick<ReadPlan, 'columns' | 'key'>; readonly program: ProgramPlan } {
  const lets = entity.let.map(({ name }) => name)
  const used = [
    ...entity.let.flatMap(({ rule }) => namesUsed(rule)),
    ...(entity.filter === undefined ? [] : namesUsed(entity.filter)),
    ...entity.fields.flatMap(namesOf),
  ]
  const columns = [...new Set([...given, ...used.map(withoutPath)])].filter(
    name => name !== '' && !lets.includes(name) && (!name.startsWith('$') || given.includes(name)),
  )
  const frame = [...columns, ...lets]
  const copies = entity.rest === 'copy' ? given.filter(name => !used.includes(name)) : []
  const fields = [...entity.fields, ...copies.map(name => copyOf(name, entity))]
  return {
    read: {
      columns: columns.map(name => ({ name, type: { kind: 'any' }, native: 'any', nullable: true, decode: true })),
      key: [],
    },
    program: {
      lets: entity.let.map(({ name, rule }) => ({ name, rule })),
      ...(entity.filter === undefined ? {} : { filter: entity.filter }),
      fields: fields.map(field => plain(field, name => frame.indexOf(name))),
    },
  }
}

function namesOf({ input }: FieldSpec): readonly string[] {
  return input.kind === 'from' ? input.names : input.kind === 'expr' ? namesUsed(input.rule) : []
}

/** `ADDRESS.city` reads into the column. */
function withoutPath(name: string): string {
  return name.startsWith('$') ? name : (name.split('.', 1)[0] ?? name)
}

function copyOf(name: string, { path }: EntitySpec): FieldSpec {
  return { target: name, input: { kind: 'from', names: [name] }, apply: [], required: false, path }
}

function plain(field: FieldSpec, index: (name: string) => number): FieldPlan {
  return {
    ...fieldAsWritten(field, index),
    ...(field.ref === undefined ? {} : { ref: { ...field.ref, kind: 'identity' } }),
    castFrom: { kind: 'any' },
    castTo: (field.type === undefined ? undefined : parseType(field.type)) ?? { kind: 'any' },
    required: field.required,
  }
}
