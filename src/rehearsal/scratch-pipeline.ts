import type { TableRef } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { Scratch } from '../core/scratch.js'
import type { Pipeline } from '../load/pipeline.js'
import type { CheckSpec, EntitySpec, HookSpec, HooksSpec, PipelineSpec, SingleFromSpec } from '../spec/model.js'
import type { EntitySample, Restriction } from './entity-sample.js'
import { inTarget, type Moved } from './moved.js'

/**
 * The same pipeline with the scratch in place of its target. Names of tables lose their schema, which is another one there.
 *
 * @param notes gets what is left out
 * @throws EtlError E547 where it names tables that the scratch cannot have
 */
export function inScratch(pipeline: Pipeline, scratch: Scratch, moved: Moved, notes: string[]): Pipeline {
  const { spec } = pipeline
  const ref = (table: TableRef): TableRef => bare(table, moved.home)
  const refIn = (place: string, table: TableRef): TableRef => (inTarget(place, moved) ? ref(table) : table)
  const hooks = (all: HooksSpec): HooksSpec => hooksThere(all, scratch, moved, notes)
  const look = (what: string, on: string, sql: string): void => {
    if (!scratch.apart && inTarget(on, moved) && namesPlace(sql))
      notes.push(`${what} names a schema: it looks at the real tables, not at the sample`)
  }
  const from = (place: SingleFromSpec): SingleFromSpec => {
    if (place.kind === 'query') look('a query', place.source, place.query)
    if (place.kind === 'target') return { ...place, table: ref(place.table) }
    return place.kind === 'table' ? { ...place, table: refIn(place.source, place.table) } : place
  }
  const only = Object.keys(spec.sources)[0] ?? 'target'
  const checks = (all: PipelineSpec['checks']): PipelineSpec['checks'] =>
    all.filter(aboutRows).map(check => {
      const on = check.on === 'source' ? only : check.on
      const { rule } = check
      if (rule.kind === 'sql') look(`check ${check.name ?? ''}`.trimEnd(), on, rule.sql)
      return {
        ...check,
        ...(check.table === undefined ? {} : { table: refIn(on, check.table) }),
        rule:
          rule.kind === 'references' || rule.kind === 'consistent' ? { ...rule, table: refIn(on, rule.table) } : rule,
      }
    })
  const aboutRows = ({ rule, name }: CheckSpec): boolean => {
    const counts = rule.kind === 'row_count' && rule.equals !== 'source'
    if (counts) notes.push(`check ${name ?? 'row_count'} was not made: it counts all rows`)
    return !counts
  }
  const entity = (each: EntitySpec): EntitySpec => ({
    ...each,
    from:
      each.from.kind === 'union'
        ? { ...each.from, members: each.from.members.map(member => ({ ...member, from: from(member.from) })) }
        : from(each.from),
    to: { ...each.to, table: ref(each.to.table) },
    ...(each.when === undefined ? {} : { when: { sourceHas: whenRef(each, refIn) } }),
    hooks: hooks(each.hooks),
    checks: checks(each.checks),
  })
  return {
    ...pipeline,
    spec: {
      ...spec,
      // Its lock and its ledger are not those of the pipeline itself, which may be run meanwhile.
      name: `${spec.name}_sample`,
      sources: Object.fromEntries(
        Object.entries(spec.sources).map(([name, config]) => [name, moved.sources.has(name) ? scratch.config : config]),
      ),
      target: scratch.config,
      lookups: Object.fromEntries(
        Object.entries(spec.lookups).map(([name, lookup]) => [
          name,
          { ...lookup, table: refIn(lookup.in, lookup.table) },
        ]),
      ),
      entities: spec.entities.map(entity),
      hooks: hooks(spec.hooks),
      checks: checks(spec.checks),
      ledger: spec.ledger === false ? false : {},
    },
  }
}

function whenRef(entity: EntitySpec, refIn: (place: string, table: TableRef) => TableRef): TableRef {
  const { from } = entity
  const place = from.kind === 'union' ? from.members[0]?.from : from
  const table = entity.when?.sourceHas ?? { table: '' }
  return place === undefined || place.kind === 'rows'
    ? table
    : refIn('source' in place ? place.source : '$target', table)
}

function bare({ schema, table }: TableRef, home: string | undefined): TableRef {
  if (schema === undefined || schema === home || home === undefined) return { table }
  throw new EtlError(
    'E547',
    `${schema}.${table} is in another schema than ${home}, and a scratch has the tables of one`,
    {
      kind: 'usage',
      hint: `name \`schema: ${schema}\` in the target's block where all its tables are there`,
    },
  )
}

/** What hooks do outside of the scratch would be done to what is real. */
function hooksThere({ before, after }: HooksSpec, scratch: Scratch, moved: Moved, notes: string[]): HooksSpec {
  const kept = (hook: HookSpec): boolean => {
    const why = !inTarget(hook.on, moved)
      ? `it is for ${hook.on}, which is not written to`
      : scratch.apart
        ? undefined
        : !hook.transaction
          ? 'outside of a transaction it may reach beyond the scratch'
          : namesPlace(hook.sql)
            ? 'it names a schema, and may reach beyond the scratch'
            : undefined
    if (why !== undefined) notes.push(`a hook was not run: ${why}`)
    return why === undefined
  }
  return { before: before.filter(kept), after: after.filter(kept) }
}

const NAME = /(?:"[^"]+"|`[^`]+`|[\p{L}_][\p{L}\p{N}_$]*)/u.source
const PLACE = new RegExp(
  `\\b(?:from|into|update|join|table|only|call|exists|truncate|analyze|vacuum|view|using|index\\s+${NAME}\\s+on)\\s+${NAME}\\s*\\.`,
  'iu',
)

/** Does the statement name a table together with its schema? */
function namesPlace(sql: string): boolean {
  return PLACE.test(sql)
}

/** The pipeline reading only what is in the sample. */
export function onlySample(pipeline: Pipeline, { restrictions }: EntitySample): Pipeline {
  const entities = pipeline.spec.entities.map((entity): EntitySpec => {
    const mine = restrictions.get(entity.name) ?? []
    const { from } = entity
    if (from.kind !== 'union') return { ...entity, ...restrictedPlace({ from, ...whereOf(entity) }, mine[0]) }
    const members = from.members.map((member, i) => ({
      ...member,
      ...restrictedPlace({ from: member.from, ...whereOf(member) }, mine[i]),
    }))
    return { ...entity, from: { ...from, members } }
  })
  return { ...pipeline, spec: { ...pipeline.spec, entities } }
}

interface Place {
  readonly from: SingleFromSpec
  readonly where?: string
}

function whereOf({ where }: { readonly where?: string }): { readonly where?: string } {
  return where === undefined ? {} : { where }
}

function restrictedPlace(place: Place, restriction: Restriction | undefined): Place {
  if (restriction === undefined) return place
  return 'where' in restriction
    ? { ...place, where: restriction.where }
    : { ...place, from: { kind: 'rows', rows: restriction.rows } }
}
