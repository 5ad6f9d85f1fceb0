import { EtlError } from '../core/errors.js'
import { keyText, type Row, type Value } from '../core/row.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { openDatabases } from '../plan/open.js'
import type { EntityPlan } from '../plan/plan.js'
import type { ProgramEnv } from '../plan/row-program.js'
import { entityNamed } from '../run/context.js'
import { environmentOf } from '../run/environment.js'
import { Ledger } from '../run/ledger.js'
import { fromWords } from '../run/preview.js'
import { beginSession, type OpenSource, ReadingSessions } from '../run/reading-sessions.js'
import { Resolvers } from '../run/resolvers.js'
import { RowHistory } from '../run/row-history.js'
import { Sessions } from '../run/sessions.js'
import { closest } from '../transforms/suggest.js'
import type { RowTrace, TracedField } from './api.js'
import { keptOf } from './dedupe.js'
import { findRow, isAsked, keyGiven, withoutWhere } from './find-row.js'
import { runsOf } from './history.js'
import { named, runRow, traceField, traceLets } from './steps.js'
import { targetRow } from './target-row.js'

export interface TraceOptions {
  /** What functions take for the beginning of the run; ISO in UTC. */
  readonly startedAt: string
  readonly signal?: AbortSignal
}

/**
 * Connects (read-only) and follows one row from the source to the target, by the mapping that a run compiles. What comes
 * back holds values: they are for the eyes of whoever asked.
 *
 * @param key the values of the entity's source key, with commas between them
 * @throws EtlError E201 for an entity that the file does not have, E520 for a key that is none
 */
export async function traceRow(
  pipeline: Pipeline,
  name: string,
  key: string,
  options: TraceOptions,
): Promise<RowTrace> {
  const { spec } = pipeline
  demandEntity(pipeline, name)
  const { signal = new AbortController().signal, startedAt } = options
  const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${spec.name} trace` })
  const { sources, target } = databases
  const targets = new Sessions(target, () => target.session({ readOnly: true }))
  const reading = new ReadingSessions(source =>
    beginSession(source === '$target' ? target : (sources.get(source) ?? target), undefined),
  )
  const closing = [() => reading.close(), () => targets.close(), () => databases.close()]
  try {
    const plan = await compilePlan(pipeline, databases, { entities: [name], mayResume: true })
    const entity = entityNamed(plan, name)
    const { read, program } = entity
    const ledger = spec.ledger === false ? undefined : new Ledger(target, spec.ledger.schema)
    const hasLedger = ledger !== undefined && (await ledger.exists())
    const sessionsOf = (_: string, database: typeof target): Sessions =>
      new Sessions(database, () => database.session({ readOnly: true }))
    const resolvers = new Resolvers({
      plan,
      sources,
      targets,
      ledger: hasLedger ? ledger : undefined,
      dry: undefined,
      sessionsOf,
    })
    closing.unshift(() => resolvers.close())
    const environment = environmentOf(
      { plan, runId: 'trace', startedAt, sources, target, logic: 'compiled' },
      entity,
      read,
    )
    const env: ProgramEnv = { ...environment, resolvers }
    const values = keyGiven(read, key)
    const place = { sources, target }
    const row = await findRow(read, values, reading.get, place, signal)
    const wider = row === undefined ? withoutWhere(read) : undefined
    const left = wider === undefined ? undefined : await findRow(wider, values, reading.get, place, signal)
    const note =
      left !== undefined ? '`where` leaves the row out' : row === undefined ? 'no row has this key' : undefined
    const traced = row ?? left
    const head = { pipeline: spec.name, entity: name, key }
    const source = {
      from: fromWords(read.from),
      ...(traced === undefined ? {} : { row: named(read.columns, traced) }),
      ...(note === undefined ? {} : { note }),
    }
    const steps =
      traced === undefined ? { lets: [], fields: [] } : await stepsOf(entity, env, traced, reading.get, place, signal)
    const kept = row === undefined ? undefined : await keptOf(entity, env, row, reading.get, signal)
    const duplicates = { keptInstead: (_: string, own: string) => (kept === own ? undefined : kept) }
    const outcome = row === undefined ? undefined : await outcomeOf(entity, { ...env, duplicates }, row)
    const text = keyText(values)
    return {
      ...head,
      source,
      ...steps,
      ...(program.filter === undefined || outcome === undefined ? {} : { passesFilter: outcome.kind !== 'filtered' }),
      ...(kept === undefined ? {} : { kept }),
      ...(outcome === undefined ? {} : { outcome }),
      target: await targets.ask(session =>
        targetRow({
          entity,
          target,
          session,
          ledger: hasLedger ? ledger : undefined,
          pipeline: spec.name,
          key: text,
          made: madeBy(steps.fields),
        }),
      ),
      ...(ledger === undefined || !hasLedger
        ? { runs: [], note: ledger === undefined ? 'the ledger is switched off' : 'the target has no ledger yet' }
        : {
            runs: await targets.ask(session =>
              runsOf({
                pipeline: spec.name,
                entity,
                key: text,
                row: isAsked(read, place) ? row : undefined,
                open: reading.get,
                session,
                ledger,
                history: new RowHistory(target, spec.ledger === false ? undefined : spec.ledger.schema),
                signal,
              }),
            ),
          }),
    }
  } finally {
    for (const close of closing) await close()
  }
}

function demandEntity({ spec, file }: Pipeline, name: string): void {
  const names = spec.entities.map(entity => entity.name)
  if (names.includes(name)) return
  const near = closest(name, names)
  const hint = near === undefined ? `its entities are ${names.join(', ')}` : `did you mean ${near}?`
  throw new EtlError('E201', `there is no entity "${name}"`, { kind: 'usage', where: file, hint })
}

async function stepsOf(
  entity: EntityPlan,
  env: ProgramEnv,
  row: Row,
  open: OpenSource,
  place: Parameters<typeof findRow>[3],
  signal: AbortSignal,
): Promise<Pick<RowTrace, 'lets' | 'fields'>> {
  const { read, program, deferred } = entity
  const fields: TracedField[] = []
  for (const field of program.fields) fields.push(await traceField(field, program, read, env, row))
  if (deferred !== undefined) {
    const key = read.key.map(index => row[index] ?? null)
    const again = await findRow(deferred.read, key, open, place, signal)
    for (const field of deferred.program.fields) {
      if (again === undefined || !deferred.columns.includes(field.target)) continue
      const { steps, target } = await traceField(field, deferred.program, deferred.read, env, again)
      fields.push({ target, steps, pass: 'defer' })
    }
  }
  return { lets: await traceLets(program, read, env, row), fields }
}

/** What a run of today would do with the row. */
async function outcomeOf(entity: EntityPlan, env: ProgramEnv, row: Row): Promise<NonNullable<RowTrace['outcome']>> {
  const { rows, rejects, filtered } = await runRow(entity.program, entity.read, env, row)
  const [made] = rows
  const [reject] = rejects
  if (made !== undefined) return { kind: 'written', row: named(entity.write.columns, made) }
  if (reject === undefined) return { kind: filtered > 0 ? 'filtered' : 'duplicate' }
  const { code, field, message } = reject
  return { kind: 'rejected', code, ...(field === undefined ? {} : { field }), message }
}

/** What each field came to, where it came to anything. */
function madeBy(fields: readonly TracedField[]): ReadonlyMap<string, Value> {
  return new Map(
    fields.flatMap(({ target, steps }) => {
      const value = steps.at(-1)?.value
      return value === undefined ? [] : [[target, value] as const]
    }),
  )
}
