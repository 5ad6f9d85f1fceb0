import { MEMBER } from '../core/catalog.js'
import { formatType } from '../core/types.js'
import type { HooksSpec } from '../spec/model.js'
import { planDedupe } from './dedupe.js'
import type { Draft } from './draft.js'
import { conversionsOf } from './field-plan.js'
import { checkIncremental } from './incremental.js'
import { planPass } from './pass.js'
import type { CreatedColumn, DeferredPlan, EntityPlan, FieldPlan, HookPlan } from './plan.js'
import type { World } from './world.js'
import { columnOf, createdType, fieldOf, generatedKeyOf } from './world.js'
import { deferredMatch, planWrite, tableParts } from './write-plan.js'

export interface Placement {
  readonly wave: number
  readonly after: readonly string[]
  /** Rows in a batch, where the command line says so. */
  readonly batchSize?: number | undefined
}

/** One entity's plan; what is wrong goes to the draft's problems. */
export function planEntity(world: World, draft: Draft, placement: Placement): EntityPlan {
  const { spec, source, problems } = draft
  const fields = draft.fields.filter(field => !spec.defer.includes(field.target))
  const pass = planPass(world, draft, fields)
  const deferred = spec.defer.length === 0 ? undefined : planDeferred(world, draft)
  const keepsIdentity = generatedKeyOf(draft) !== undefined && (deferred !== undefined || isReferenced(world, draft))
  const write = planWrite(world, draft, pass.specs, keepsIdentity)
  checkUnionKey(draft, keepsIdentity)
  checkIncremental(draft)
  const dedupe = planDedupe(draft)
  if (source.key.length === 0 && spec.defer.length > 0) {
    problems.error('E210', [...spec.path, 'defer'], 'the second pass needs a key', 'say it: `key: [...]`')
  }
  return {
    name: spec.name,
    wave: placement.wave,
    after: placement.after,
    read: pass.read,
    program: pass.program,
    write,
    ...(deferred === undefined ? {} : { deferred }),
    ...(dedupe === undefined ? {} : { dedupe }),
    ...(spec.incremental === undefined
      ? {}
      : { incremental: { ...spec.incremental, inclusive: write.mode !== 'insert' } }),
    keepsIdentity,
    conversions: pass.specs.flatMap((field, i) => conversionsOf(draft, field, pass.program.fields[i] as FieldPlan)),
    created: draft.target === undefined ? createdColumns(world, draft) : [],
    onError: spec.onError,
    onErrorGiven: spec.onErrorGiven,
    ...(spec.maxErrors === undefined ? {} : { maxErrors: spec.maxErrors }),
    batchRows:
      placement.batchSize ?? spec.batchSize ?? world.catalogs.database('$target').connector.capabilities.batchRows,
    ...(spec.chunks === undefined ? {} : { chunks: spec.chunks }),
    hooks: planHooks(spec.hooks),
    ...(source.estimatedRows === undefined ? {} : { estimatedRows: source.estimatedRows }),
  }
}

function createdColumns(world: World, draft: Draft): readonly CreatedColumn[] {
  return draft.fields.flatMap(field => {
    const { type, by } = createdType(world, draft, field)
    const native = columnOf(world, draft, field.target)?.native
    return type === undefined || native === undefined
      ? []
      : [{ column: field.target, type: formatType(type), native, by }]
  })
}

/** What a row is called must tell it from the rows of other members wherever rows are found again by it. */
function checkUnionKey({ spec, source, problems }: Draft, keepsIdentity: boolean): void {
  if (source.from.kind !== 'union' || source.key.includes(MEMBER)) return
  if (!keepsIdentity && spec.defer.length === 0) return
  const message = `the key ${source.key.join(', ')} may stand for a row of each member`
  const hint = `rows are found again by it: \`key: [${[MEMBER, ...source.key].join(', ')}]\``
  problems.error('E217', [...spec.path, 'key'], message, hint)
}

/** Other entities count whether they are selected or not: they may run later. */
function isReferenced(world: World, draft: Draft): boolean {
  return world.spec.entities.some(entity => entity.fields.some(field => field.ref?.entity === draft.spec.name))
}

function planDeferred(world: World, draft: Draft): DeferredPlan {
  const { spec, problems } = draft
  if (spec.load === 'ignore') {
    const message = '`ignore` leaves rows that exist untouched, and the second pass of `defer` would change them'
    problems.error('E215', [...spec.path, 'defer'], message, 'use `load: insert` or `upsert`')
  }
  const match = deferredMatch(world, draft)
  const late = draft.fields.filter(field => spec.defer.includes(field.target))
  const known = match.flatMap(column => fieldOf(draft, column.name) ?? [])
  const generated = match.filter(column => fieldOf(draft, column.name) === undefined)
  const pass = planPass(world, draft, [...known, ...late], index => {
    return generated.map((column): FieldPlan => {
      const names = draft.source.key
      return {
        target: column.name,
        input: { kind: 'columns', indexes: names.map(index), names },
        apply: [],
        ref: { entity: spec.name, onMissing: 'quarantine', kind: 'identity' },
        castFrom: column.type,
        castTo: column.type,
        required: true,
      }
    })
  })
  const columns = pass.program.fields.flatMap(field => columnOf(world, draft, field.target) ?? [])
  return {
    read: pass.read,
    program: pass.program,
    write: {
      ...tableParts(draft),
      create: false,
      newColumns: [],
      columns,
      mode: 'update',
      replace: false,
      match: match.map(column => column.name),
      advance: [],
    },
    columns: spec.defer,
  }
}

export function planHooks(hooks: HooksSpec): EntityPlan['hooks'] {
  const plain = ({ on, sql, transaction }: HookPlan): HookPlan => ({ on, sql, transaction })
  return { before: hooks.before.map(plain), after: hooks.after.map(plain) }
}
