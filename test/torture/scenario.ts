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

/** Without a ledger only tables without keys show what comes twice, and chunks are not split. */
export function randomScenario(random: Random, source: EngineName, target: EngineName, ledger: boolean): Scenario {
  const concurrency = random.int(1, 4)
  if (!ledger) return { source, target, concurrency, entities: [keylessPlain(random, 'only')] }
  if (random.chance(0.06)) return { source, target, concurrency, entities: [plain(random, 'many', MANY)] }
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
  return { source, target, entities, concurrency }
}

export function keylessPlain(random: Random, name: string): EntityModel {
  for (;;) {
    const entity = plain(random, name)
    if (entity.keyless && entity.yaml.includes('load: insert')) return entity
  }
}

export function pipelineYaml(
  entities: readonly EntityModel[],
  source: string,
  target: string,
  ledger: boolean,
): string {
  return [
    'version: 1',
    'name: torture',
    `sources: { old: ${source} }`,
    `target: ${target}`,
    ...(ledger ? [] : ['ledger: false']),
    'entities:',
    ...entities.flatMap(({ name, yaml }) => [`  ${name}:`, ...yaml.map(line => `    ${line}`)]),
    '',
  ].join('\n')
}
