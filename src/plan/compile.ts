import { connectorNamed } from '../connectors/registry.js'
import type { Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import { EtlError, PipelineError } from '../core/errors.js'
import { deepFreeze } from '../core/freeze.js'
import type { Pipeline } from '../load/pipeline.js'
import type { EntitySpec, PipelineSpec } from '../spec/model.js'
import type { CatalogSources } from './catalogs.js'
import { Catalogs, TARGET } from './catalogs.js'
import { planChecks, wantCheckTables } from './check-plan.js'
import { cycleProblems, orderEntities, specDependencies } from './dependencies.js'
import type { Draft } from './draft.js'
import { draftEntity } from './draft.js'
import { planEntity, planHooks } from './entity-plan.js'
import { checkFiles, checkNewFiles, writesFiles } from './file-target.js'
import { fingerprintOf, fingerprintParts } from './fingerprint.js'
import { foreignKeyDependencies } from './foreign-keys.js'
import { lookupDatabase, planLookup, usedLookups } from './lookups.js'
import { checkLedgerName, checkNames, checkNotLedger } from './name-checks.js'
import type { LookupPlan, Plan, SourceSummary } from './plan.js'
import { positionPart, positionPath } from './position.js'
import { Problems } from './problems.js'
import type { Selection } from './select.js'
import { selectEntities } from './select.js'
import { placesOf, sourceName } from './source-shape.js'
import { checkTables } from './table-checks.js'
import { warnUnusedRules } from './type-rules.js'
import type { World } from './world.js'

export interface PlanOptions extends Selection {
  /** Rows in a batch, over what the file says. */
  readonly batchSize?: number | undefined
  /** The run may go on where one has stopped: files of the target may be its own. */
  readonly mayResume?: boolean
}

/**
 * Makes the plan of a pipeline: reads catalogs and nothing else, writes nothing.
 *
 * @throws PipelineError with every problem, each with its place in the file.
 */
export async function compilePlan(
  pipeline: Pipeline,
  databases: CatalogSources,
  options: PlanOptions = {},
): Promise<Plan> {
  const { spec } = pipeline
  const catalogs = new Catalogs(databases)
  await readCatalogs(spec, catalogs)
  const problems = new Problems(pipeline.locate)
  if (writesFiles(catalogs)) checkFiles(spec, problems)
  checkLedgerName(spec, catalogs, problems)
  const skipped = skippedEntities(spec, catalogs)
  const lookupProblems = new Map<string, Problems>()
  const lookups = new Map<string, LookupPlan>()
  for (const [name, lookup] of usedLookups(spec)) {
    const own = new Problems(pipeline.locate)
    lookupProblems.set(name, own)
    const plan = planLookup(lookup, catalogs, own)
    if (plan !== undefined) lookups.set(name, plan)
  }
  const entityProblems = new Map<string, Problems>()
  const drafts = new Map<string, Draft>()
  for (const entity of spec.entities) {
    if (skipped.has(entity.name)) continue
    const own = new Problems(pipeline.locate)
    entityProblems.set(entity.name, own)
    const draft = draftEntity(spec, entity, catalogs, own)
    if (draft === undefined) continue
    checkTables(spec, draft, catalogs)
    checkNames(draft, catalogs)
    checkNotLedger(draft, spec)
    drafts.set(entity.name, draft)
  }
  const dependencies = [
    ...specDependencies(spec),
    ...[...drafts.values()].flatMap(draft => foreignKeyDependencies(spec, draft)),
  ]
  const declared = spec.entities.map(entity => entity.name)
  const selection = selectEntities(declared, dependencies, options)
  const running = selection.names.filter(name => !skipped.has(name))
  const cycles = cycleProblems(running, dependencies)
  for (const problem of [...selection.problems, ...cycles]) {
    problems.error(problem.code, problem.path, problem.message, problem.hint)
  }
  const world: World = { spec, catalogs, drafts, lookups, skipped: new Set(skipped.keys()) }
  warnUnusedRules(spec, [...drafts.values()], problems)
  const order = cycles.length > 0 ? undefined : orderEntities(running, dependencies)
  const entities = (order?.names ?? running).flatMap(name => {
    const draft = drafts.get(name)
    if (draft === undefined) return []
    const [wave, after] = [order?.wave.get(name) ?? 1, order?.after.get(name) ?? []]
    return planEntity(world, draft, { wave, after, batchSize: options.batchSize })
  })
  const needed = withReferenced(spec, running)
  const used = new Set(needed.flatMap(entity => entity.fields.flatMap(field => field.lookup?.name ?? [])))
  for (const { name } of needed) problems.take(entityProblems.get(name))
  for (const name of used) problems.take(lookupProblems.get(name))
  if (writesFiles(catalogs) && options.mayResume !== true) {
    const written = spec.entities.filter(entity => running.includes(entity.name))
    await checkNewFiles(written, databases.target, problems)
  }
  const checks = planChecks(world, entities, problems)
  if (problems.failed) throw new PipelineError(pipeline.file, problems.sorted(), pipeline.text)
  for (const [entity, reason] of skipped) {
    if (selection.names.includes(entity))
      problems.warn('E208', ['entities', entity, 'when'], `${entity} is skipped: ${reason}`)
  }
  const parts = {
    ...fingerprint(pipeline, world, running),
    ...Object.fromEntries(entities.map(entity => [positionPath(entity.name), positionPart(entity)])),
  }
  return deepFreeze<Plan>({
    format: 1,
    pipeline: spec.name,
    fingerprint: fingerprintOf(parts),
    fingerprintParts: parts,
    sources: Object.fromEntries(Object.keys(spec.sources).map(name => [name, sourceSummary(spec, catalogs, name)])),
    target: summary(catalogs, TARGET),
    vars: spec.vars,
    lookups: Object.fromEntries([...lookups].filter(([name]) => used.has(name))),
    entities,
    skipped: [...skipped]
      .filter(([entity]) => selection.names.includes(entity))
      .map(([entity, reason]) => ({ entity, reason })),
    hooks: planHooks(spec.hooks),
    checks,
    ledger: spec.ledger,
    consistency: spec.consistency,
    warnings: problems.sorted(),
  })
}

async function readCatalogs(spec: PipelineSpec, catalogs: Catalogs): Promise<void> {
  for (const entity of spec.entities) {
    const { from, to, when } = entity
    catalogs.wantTable(TARGET, to.table)
    for (const place of placesOf(from)) {
      if (place.kind === 'target') catalogs.wantTable(TARGET, place.table)
      if (place.kind === 'table') catalogs.wantTable(place.source, place.table)
      if (place.kind === 'query') catalogs.wantQuery(place.source, place.query)
    }
    const source = whenSource(spec, entity)
    if (when !== undefined && source !== undefined) catalogs.wantTable(source, when.sourceHas)
  }
  wantCheckTables(spec, catalogs)
  for (const [, lookup] of usedLookups(spec)) catalogs.wantTable(lookupDatabase(lookup), lookup.table)
  await catalogs.load()
}

/** Inline rows have no source of their own; the first one answers for them. */
function whenSource(spec: PipelineSpec, entity: EntitySpec): string | undefined {
  return placesOf(entity.from).flatMap(place => sourceName(place) ?? [])[0] ?? Object.keys(spec.sources)[0]
}

function skippedEntities(spec: PipelineSpec, catalogs: Catalogs): Map<string, string> {
  const skipped = new Map<string, string>()
  for (const entity of spec.entities) {
    const source = whenSource(spec, entity)
    if (entity.when === undefined || source === undefined) continue
    if (catalogs.table(source, entity.when.sourceHas) !== undefined) continue
    skipped.set(entity.name, `${source} has no table ${formatTable(entity.when.sourceHas)}`)
  }
  return skipped
}

/** The entities and those whose keys their refs need. */
function withReferenced(spec: PipelineSpec, names: readonly string[]): readonly EntitySpec[] {
  const found = new Set(names)
  for (const name of found) {
    const entity = spec.entities.find(e => e.name === name)
    for (const field of entity?.fields ?? []) if (field.ref !== undefined) found.add(field.ref.entity)
  }
  return spec.entities.filter(entity => found.has(entity.name))
}

function summary(catalogs: Catalogs, name: string): Plan['target'] {
  const { type, uid, label } = catalogs.identity(name)
  return { type, uid, label }
}

function sourceSummary(spec: PipelineSpec, catalogs: Catalogs, name: string): SourceSummary {
  const hooked = [spec.hooks, ...spec.entities.map(entity => entity.hooks)]
    .flatMap(({ before, after }) => [...before, ...after])
    .some(hook => hook.on === name)
  const known = connectorNamed(spec.sources[name]?.type ?? '')?.capabilities.reading ?? ''
  return {
    ...summary(catalogs, name),
    reading: hooked ? 'one snapshot for each reader, since hooks write there' : known,
  }
}

function fingerprint(pipeline: Pipeline, world: World, names: readonly string[]): Record<string, string> {
  const { spec, catalogs } = world
  const tables: Record<string, Table> = {}
  const queries: Record<string, Exclude<ReturnType<Catalogs['query']>, EtlError>> = {}
  const entities = spec.entities.filter(entity => names.includes(entity.name))
  const path = (database: string): string => (database === TARGET ? 'target' : `source.${database}`)
  for (const { name, from, to } of entities) {
    for (const [i, place] of placesOf(from).entries()) {
      const source = sourceName(place)
      const read = source === undefined || !('table' in place) ? undefined : catalogs.table(source, place.table)
      if (source !== undefined && read !== undefined) tables[`${path(source)}.table.${formatTable(read)}`] = read
      if (place.kind !== 'query') continue
      const columns = catalogs.query(place.source, place.query)
      const member = from.kind === 'union' ? `.${from.members[i]?.name}` : ''
      if (!(columns instanceof EtlError)) queries[`${path(place.source)}.query.${name}${member}`] = columns
    }
    // A table the run itself creates is there when the run is resumed.
    const written = to.create || writesFiles(catalogs) ? undefined : catalogs.table(TARGET, to.table)
    if (written !== undefined) tables[`target.table.${formatTable(written)}`] = written
  }
  return fingerprintParts({
    spec,
    entities,
    baseDir: pipeline.baseDir,
    files: pipeline.files,
    secrets: pipeline.secrets,
    databases: Object.fromEntries(
      [...Object.keys(spec.sources), TARGET].map(name => [path(name), catalogs.identity(name)]),
    ),
    tables,
    queries,
  })
}
