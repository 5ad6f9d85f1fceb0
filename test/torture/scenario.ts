import { undoable } from './acts.js'
import { changing } from './changing.js'
import type { EngineName } from './engines.js'
import { child, type EntityModel, tree, unique } from './entities.js'
import { merged } from './merged.js'
import { plain } from './plain.js'
import type { Random } from './random.js'

/** Enough rows for the thread that reads and transforms. */
const MANY = 21_000

export interface Scenario {
  readonly source: EngineName
  readonly target: EngineName
  readonly entities: readonly EntityModel[]
  readonly concurrency: number
}

export interface ScenarioOptions {
  readonly source: EngineName
  readonly target: EngineName
  readonly ledger: boolean
  /** What is written can be taken back. */
  readonly undo: boolean
}

/** Without a ledger only tables without keys show what comes twice, and chunks are not split. */
export function randomScenario(random: Random, { source, target, ledger, undo }: ScenarioOptions): Scenario {
  const concurrency = random.int(1, 4)
  if (!ledger) return { source, target, concurrency, entities: [keylessPlain(random, 'only')] }
  for (;;) {
    const entities = randomEntities(random).filter(entity => !undo || undoable(target, entity))
    if (entities.length > 0) return { source, target, entities, concurrency }
  }
}

function randomEntities(random: Random): EntityModel[] {
  if (random.chance(0.06)) return [plain(random, 'many', MANY)]
  const entities: EntityModel[] = []
  if (random.chance(0.8)) entities.push(plain(random, 'one'))
  if (random.chance(0.3)) entities.push(plain(random, 'two'))
  if (random.chance(0.3)) entities.push(unique(random, 'words'))
  if (random.chance(0.4)) entities.push(merged(random, 'merged'))
  if (random.chance(0.4)) entities.push(changing(random, 'changing'))
  if (entities.length === 0 || random.chance(0.4)) {
    const parent = tree(random, 'tree')
    entities.push(parent)
    if (random.chance(0.7)) entities.push(child(random, 'leaf', parent))
  }
  return entities
}

export function keylessPlain(random: Random, name: string): EntityModel {
  for (;;) {
    const entity = plain(random, name)
    if (entity.keyless && entity.yaml.includes('load: insert')) return entity
  }
}

export function pipelineYaml(
  entities: readonly EntityModel[],
  { source, target }: { readonly source: string; readonly target: string },
  { ledger, undo }: { readonly ledger: boolean; readonly undo: boolean },
): string {
  return [
    'version: 1',
    'name: torture',
    `sources: { old: ${source} }`,
    `target: ${target}`,
    ...(ledger ? [] : ['ledger: false']),
    ...(undo ? ['undo: true'] : []),
    'entities:',
    ...entities.flatMap(({ name, yaml }) => [`  ${name}:`, ...yaml.map(line => `    ${line}`)]),
    '',
  ].join('\n')
}
