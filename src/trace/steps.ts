import type { Row, Value } from '../core/row.js'
import { formatType } from '../core/types.js'
import { type BatchOutcome, newOutcome } from '../plan/outcome.js'
import type { FieldPlan, ProgramPlan, ReadPlan } from '../plan/plan.js'
import { compileRowProgram, type ProgramEnv } from '../plan/row-program.js'
import type { NamedValue, RowTrace, TracedField, TraceStep } from './api.js'

/** What a run does with the row by this program. */
export async function runRow(program: ProgramPlan, read: ReadPlan, env: ProgramEnv, row: Row): Promise<BatchOutcome> {
  const compiled = compileRowProgram(program, read, env)
  const rows = [row]
  if (compiled.needsPrefetch) await compiled.prefetch(rows)
  const outcome = newOutcome()
  compiled.run(rows, outcome)
  return outcome
}

/** Each `let`, by a program that has it and those before it. */
export async function traceLets(
  { lets }: ProgramPlan,
  read: ReadPlan,
  env: ProgramEnv,
  row: Row,
): Promise<RowTrace['lets']> {
  const traced: RowTrace['lets'][number][] = []
  for (const [i, { name }] of lets.entries()) {
    const field = bare(name, { kind: 'columns', indexes: [read.columns.length + i], names: [name] })
    // A let may hold a list or a structure, which only JSON can show.
    const shown = { ...field, castTo: { kind: 'json' } } as const
    const of = (one: FieldPlan) => probe({ lets: lets.slice(0, i + 1), fields: [one] }, read, env, row)
    const plain = await of(field)
    const { value, error } = plain.error?.code === 'E414' ? await of(shown) : plain
    traced.push(value === undefined ? { name, error } : { name, value })
  }
  return traced
}

/** Each step of a field, by a field that ends with it: the mapping of the run itself, in growing parts. */
export async function traceField(
  field: FieldPlan,
  program: ProgramPlan,
  read: ReadPlan,
  env: ProgramEnv,
  row: Row,
): Promise<TracedField> {
  const steps: TraceStep[] = []
  for (const [step, part] of partsOf(field)) {
    const found = await probe({ lets: program.lets, fields: [part] }, read, env, row)
    steps.push({ step, ...found })
    // What a value that failed becomes, if anything, is the whole field's to say.
    if (found.error !== undefined) break
  }
  const whole = await probe({ lets: program.lets, fields: [field] }, read, env, row)
  // The same refusal again says nothing.
  const same = whole.error !== undefined && whole.error.message === steps.at(-1)?.error?.message
  if (!same) steps.push({ step: lastStep(field, steps.at(-1)?.value), ...whole })
  return { target: field.target, steps }
}

function partsOf(field: FieldPlan): readonly (readonly [string, FieldPlan])[] {
  const { input, apply, map, lookup, ref, onInvalid, onLossy } = field
  const whole = bare(field.target, input)
  const policies = { ...(onInvalid === undefined ? {} : { onInvalid }), ...(onLossy === undefined ? {} : { onLossy }) }
  const parts: (readonly [string, FieldPlan])[] =
    input.kind === 'columns'
      ? input.indexes.map((index, i) => {
          const name = input.names[i] ?? ''
          return [`from ${name}`, bare(field.target, { kind: 'columns', indexes: [index], names: [name] })]
        })
      : [[input.kind === 'value' ? 'value' : 'expr', whole]]
  for (const [i, { fn, params }] of apply.entries()) {
    const words = Object.entries(params).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    const step = words.length === 0 ? fn : `${fn} { ${words.join(', ')} }`
    parts.push([step, { ...whole, apply: apply.slice(0, i + 1) }])
  }
  const applied = { ...whole, apply, ...policies }
  // The last step is strict, so that a miss is seen; those before it do what the file says.
  if (map !== undefined)
    parts.push([`map ${map.name ?? ''}`.trim(), { ...applied, map: { ...map, unmapped: 'quarantine' } }])
  const mapped = { ...applied, ...(map === undefined ? {} : { map }) }
  const strict = { onMissing: 'quarantine' } as const
  if (lookup !== undefined) parts.push([`look-up ${lookup.name}`, { ...mapped, lookup: { ...lookup, ...strict } }])
  if (ref !== undefined) parts.push([`ref ${ref.entity}`, { ...mapped, ref: { ...ref, ...strict } }])
  return parts
}

function lastStep(field: FieldPlan, before: Value | undefined): string {
  const type = field.castThen ?? field.castTo
  if (before === null && field.default !== undefined && field.default !== null) return 'default'
  return type.kind === 'any' ? 'result' : `as ${formatType(type)}`
}

function bare(target: string, input: FieldPlan['input']): FieldPlan {
  return { target, input, apply: [], castFrom: { kind: 'any' }, castTo: { kind: 'any' }, required: false }
}

async function probe(
  program: ProgramPlan,
  read: ReadPlan,
  env: ProgramEnv,
  row: Row,
): Promise<Pick<TraceStep, 'value' | 'error' | 'note'>> {
  const { rows, rejects, losses, substituted } = await runRow(program, read, env, row)
  const [reject] = rejects
  if (reject !== undefined) return { error: { code: reject.code, message: reject.message } }
  const notes = [...(losses.size > 0 ? ['rounded or cut'] : []), ...(substituted.size > 0 ? ['replaced'] : [])]
  return { value: rows[0]?.[0] ?? null, ...(notes.length === 0 ? {} : { note: notes.join(', ') }) }
}

/** Values under their names. */
export function named(names: readonly { readonly name: string }[], row: Row): NamedValue[] {
  return names.map(({ name }, i) => ({ name, value: row[i] ?? null }))
}
