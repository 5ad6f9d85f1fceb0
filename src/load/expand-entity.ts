import type { DocPath } from '../core/diagnostics.js'
import type {
  DedupeSpec,
  EntitySpec,
  FieldSpec,
  LoadMode,
  MapSpec,
  MaxErrors,
  RestPolicy,
  RowPolicy,
} from '../spec/model.js'
import { expandChecks } from './expand-check.js'
import { expandField } from './expand-field.js'
import { expandFrom } from './expand-from.js'
import { expandHooks, expandTypes, optional } from './expand-parts.js'
import { nameList, record } from './shape.js'
import { tableRef } from './table-ref.js'

type Data = Readonly<Record<string, unknown>>

export interface EntityContext {
  readonly defaults: Data
  readonly maps: Readonly<Record<string, MapSpec>>
  readonly onlySource: string
}

export function expandEntity(name: string, raw: Data, context: EntityContext): EntitySpec {
  const path: DocPath = ['entities', name]
  const setting = (key: string) => raw[key] ?? context.defaults[key]
  const onError = (setting('on_error') ?? 'quarantine') as RowPolicy
  const to = typeof raw.to === 'string' ? {} : record(raw.to)
  const when = record(raw.when).source_has
  return {
    name,
    ...optional('description', raw.description as string | undefined),
    from: expandFrom(raw.from, context.onlySource, [...path, 'from']),
    to: { table: tableRef(raw.to), create: to.create === 'if_missing' },
    ...optional('key', raw.key === undefined ? undefined : nameList(raw.key)),
    dependsOn: nameList(raw.depends_on),
    load: (setting('load') ?? 'insert') as LoadMode,
    ...optional('match', raw.match === undefined ? undefined : nameList(raw.match)),
    ...optional('where', raw.where as string | undefined),
    orderBy: nameList(raw.order_by),
    ...optional('filter', raw.filter),
    ...optional('dedupe', raw.dedupe === undefined ? undefined : expandDedupe(record(raw.dedupe))),
    ...optional('incremental', raw.incremental as EntitySpec['incremental']),
    let: Object.entries(record(raw.let)).map(([key, rule]) => ({ name: key, rule, path: [...path, 'let', key] })),
    fields: Object.entries(record(raw.fields)).map(
      ([target, field]): FieldSpec =>
        expandField(target, field, [...path, 'fields', target], { maps: context.maps, onError }),
    ),
    rest: (setting('rest') ?? 'warn') as RestPolicy,
    types: expandTypes(raw.types, [...path, 'types']),
    defer: nameList(raw.defer),
    ...optional('batchSize', setting('batch_size') as number | undefined),
    ...optional('chunks', typeof raw.chunks === 'number' ? { count: raw.chunks } : (raw.chunks as { rows: number })),
    onError,
    onErrorGiven: setting('on_error') !== undefined,
    ...optional('maxErrors', maxErrors(setting('max_errors'))),
    hooks: expandHooks(raw.hooks, [...path, 'hooks']),
    checks: expandChecks(raw.checks, [...path, 'checks']),
    ...optional('when', when === undefined ? undefined : { sourceHas: tableRef(when) }),
    path,
  }
}

function expandDedupe(raw: Data): DedupeSpec {
  return { by: nameList(raw.by), keep: raw.keep === 'last' ? 'last' : 'first' }
}

export function maxErrors(raw: unknown): MaxErrors | undefined {
  if (raw === undefined) return undefined
  return typeof raw === 'number' ? { count: raw } : { share: Number.parseFloat(String(raw)) / 100 }
}
