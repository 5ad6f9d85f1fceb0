import type { EngineName } from './engines.js'
import { type EntityModel, imageRow } from './entities.js'
import type { ActKind, Step } from './faults.js'
import type { Random } from './random.js'

/**
 * A part of a migration with an end of its own: the first run; a retry of what it rejected; a second run of what is read by
 * a mark; taking back what another act wrote. Settled before the first process starts, so that nothing depends on time.
 */
export interface Act {
  readonly kind: ActKind
  /** What happens in the source before it. */
  readonly sql: readonly string[]
  /** All entities, as they must be when it is over. */
  readonly entities: readonly EntityModel[]
  /** Those that it loads. */
  readonly loads: readonly EntityModel[]
  /** The act that it takes back, by its place. */
  readonly undoes?: number
}

export interface PlannedAct extends Act {
  readonly steps: readonly Step[]
}

export interface ActOptions {
  readonly ledger: boolean
  /** Acts are taken back at the end. */
  readonly undo: boolean
}

export function randomActs(random: Random, entities: readonly EntityModel[], options: ActOptions): Act[] {
  const first: Act = { kind: 'run', sql: [], entities, loads: entities }
  const acts: Act[] = [first]
  if (!options.ledger) return acts
  // Without a key only all the rows of a table can be taken back.
  if (options.undo && entities.some(({ keyless }) => keyless)) return [...acts, ...undoing(random, acts)]
  const rejected = entities.some(({ mended }) => mended !== undefined)
  const retried = rejected && random.chance(options.undo ? 0.4 : 0.7)
  if (retried) acts.push(retry(entities))
  if (entities.some(({ changed }) => changed !== undefined) && random.chance(options.undo ? 0.5 : 0.8))
    acts.push(again(acts.at(-1)?.entities ?? entities, retried))
  return options.undo ? [...acts, ...undoing(random, acts)] : acts
}

/** Those that stand when the last of them is over. */
export function standing(acts: readonly Act[]): readonly Act[] {
  const undone = new Set(acts.map(({ undoes }) => undoes))
  return acts.filter(({ kind }, i) => kind !== 'undo' && !undone.has(i))
}

/** Without keys only PostgreSQL can tell the rows that a run wrote, where there were none before. */
export function undoable(target: EngineName, { keyless }: EntityModel): boolean {
  return target === 'postgres' || !keyless
}

/** The newest act, or several of them; of one that is taken back alone, sometimes the same once more. */
function undoing(random: Random, acts: readonly Act[]): Act[] {
  const count = random.int(1, acts.length)
  const undone: Act[] = []
  for (let place = acts.length - 1; place >= acts.length - count; place--) {
    const { entities = (acts[0] as Act).entities.map(untouched) } = acts[place - 1] ?? {}
    undone.push({ kind: 'undo', sql: [], entities, loads: [], undoes: place })
  }
  const last = acts.at(-1) as Act
  return count === 1 && last.kind !== 'retry' && random.chance(0.5) ? [...undone, { ...last, sql: [] }] : undone
}

/** As the target was before anything ran. */
function untouched(entity: EntityModel): EntityModel {
  return { ...entity, expected: entity.target.rows.map(row => imageRow(row, entity.decimals)) }
}

function retry(before: readonly EntityModel[]): Act {
  const entities = before.map(entity => {
    const { mended } = entity
    return mended === undefined
      ? entity
      : { ...entity, expected: mended.expected, ...(mended.yaml === undefined ? {} : { yaml: mended.yaml }) }
  })
  return { kind: 'retry', sql: before.flatMap(({ mended }) => mended?.sql ?? []), entities, loads: [] }
}

function again(before: readonly EntityModel[], retried: boolean): Act {
  const sql: string[] = []
  const loads: EntityModel[] = []
  const entities = before.map(entity => {
    if (entity.changed === undefined) return entity
    const { sql: own, expected, counts } = entity.changed(retried)
    sql.push(...own)
    const after = { ...entity, expected, counts }
    loads.push(after)
    return after
  })
  return { kind: 'again', sql, entities, loads }
}
