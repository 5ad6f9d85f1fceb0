import type { EntityModel } from './entities.js'
import { randomSteps, type Step, type Surroundings } from './faults.js'
import type { Random } from './random.js'

/**
 * A part of a migration with an end of its own: the first run; a retry of what it rejected; a second run of what is read by
 * a mark. Settled, like its faults, before the first process starts, so that nothing depends on time.
 */
export interface Act {
  readonly kind: 'run' | 'retry' | 'again'
  /** What happens in the source before it. */
  readonly sql: readonly string[]
  /** All entities, as they must be when it is over. */
  readonly entities: readonly EntityModel[]
  /** Those that it loads. */
  readonly loads: readonly EntityModel[]
  readonly steps: readonly Step[]
}

export function randomActs(random: Random, entities: readonly EntityModel[], around: Surroundings): Act[] {
  const acts: Act[] = [{ kind: 'run', sql: [], entities, loads: entities, steps: randomSteps(random, around) }]
  if (!around.ledger) return acts
  const rejected = entities.some(({ mended }) => mended !== undefined)
  const retried = rejected && random.chance(0.7)
  if (retried) acts.push({ ...retry(entities), steps: randomSteps(random, { ...around, retry: true }) })
  if (entities.some(({ changed }) => changed !== undefined) && random.chance(0.8))
    acts.push({ ...again(acts.at(-1)?.entities ?? entities, retried), steps: randomSteps(random, around) })
  return acts
}

function retry(before: readonly EntityModel[]): Omit<Act, 'steps'> {
  const entities = before.map(entity => {
    const { mended } = entity
    return mended === undefined
      ? entity
      : { ...entity, expected: mended.expected, ...(mended.yaml === undefined ? {} : { yaml: mended.yaml }) }
  })
  return { kind: 'retry', sql: before.flatMap(({ mended }) => mended?.sql ?? []), entities, loads: [] }
}

function again(before: readonly EntityModel[], retried: boolean): Omit<Act, 'steps'> {
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
