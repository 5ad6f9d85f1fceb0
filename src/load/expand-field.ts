import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { ApplySpec, FieldSpec, InvalidPolicy, Lossy, MapSpec, MissPolicy, RowPolicy } from '../spec/model.js'
import { inlineMap, optional } from './expand-parts.js'
import { functionSchemas } from './schema.js'
import { list, nameList, record } from './shape.js'

export interface FieldContext {
  readonly maps: Readonly<Record<string, MapSpec>>
  readonly onError: RowPolicy
}

export function expandField(target: string, raw: unknown, path: DocPath, context: FieldContext): FieldSpec {
  const field = typeof raw === 'string' ? { from: raw } : record(raw)
  return {
    target,
    input: expandInput(field),
    apply: list(record(field).apply).map((step, i) => expandStep(step, [...path, 'apply', i])),
    ...fieldTargets(field, context),
    ...optional('default', record(field).default as Value | undefined),
    ...optional('type', record(field).type as string | undefined),
    ...optional('onLossy', record(field).on_lossy as Lossy | undefined),
    required: record(field).required === true,
    ...optional('onInvalid', word(record(field).on_invalid) as InvalidPolicy | undefined),
    path,
  }
}

function expandInput(field: Readonly<Record<string, unknown>>): FieldSpec['input'] {
  if (Object.hasOwn(field, 'value')) return { kind: 'value', value: field.value as Value }
  if (Object.hasOwn(field, 'expr')) return { kind: 'expr', rule: field.expr }
  return { kind: 'from', names: nameList(field.from) }
}

function fieldTargets(
  field: Readonly<Record<string, unknown>>,
  { maps, onError }: FieldContext,
): Pick<FieldSpec, 'map' | 'lookup' | 'ref'> {
  // A value that finds nothing is an error of the row; there is no `skip` here, so the row is kept where it can be seen.
  const miss: MissPolicy = onError === 'fail' ? 'fail' : 'quarantine'
  const unmapped = (word(field.unmapped) ?? miss) as MissPolicy
  const onMissing = (word(field.on_missing) ?? miss) as MissPolicy
  const named = typeof field.map === 'string' ? { name: field.map, map: maps[field.map] ?? { entries: [] } } : undefined
  const map = named ?? (field.map === undefined ? undefined : { map: inlineMap(field.map) })
  return {
    ...optional('map', map === undefined ? undefined : { ...map, unmapped }),
    ...optional('lookup', field.lookup === undefined ? undefined : { name: String(field.lookup), onMissing }),
    ...optional('ref', field.ref === undefined ? undefined : { entity: String(field.ref), onMissing }),
  }
}

function expandStep(step: unknown, path: DocPath): ApplySpec {
  if (typeof step === 'string') return { fn: step, params: {}, path }
  const [fn = '', params] = Object.entries(record(step))[0] ?? []
  const short = functionSchemas().get(fn)?.short
  const isLong = typeof params === 'object' && params !== null && !Array.isArray(params)
  return { fn, params: isLong || short === undefined ? record(params) : { [short]: params }, path }
}

/** YAML reads the policy `null` as the null value. */
function word(value: unknown): string | undefined {
  return value === null ? 'null' : (value as string | undefined)
}
