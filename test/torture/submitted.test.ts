import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EngineServer } from '../support/engine-server.js'
import { CLI } from '../support/etl.js'
import { type Engine, type EngineName, openEngine, openQueue } from './engines.js'
import { migrateSubmitted } from './submitted.js'

const engines = new Map<EngineName, Engine>()
let server: EngineServer | undefined

beforeAll(async () => {
  for (const name of ['postgres', 'mysql', 'sqlite'] as const) engines.set(name, await openEngine(name))
})
afterEach(() => server?.stop())
afterAll(() => Promise.all([...engines.values()].map(each => each.stop())))

const SEEDS: readonly (readonly [number, EngineName])[] = [
  [10, 'mysql'],
  [12, 'postgres'],
  [14, 'sqlite'],
]

describe.each(['pg-boss', 'restate'] as const)('%s', name => {
  test('workers that die, freeze, leave and are cancelled lose and double nothing', { timeout: 300_000 }, async () => {
    const engine = await opened(name)
    const all = await Promise.all(
      SEEDS.map(async ([seed, target]) => {
        const { problems } = await migrateSubmitted({ seed, engines, target, cli: CLI, ledger: true, engine })
        return { again: `npm run torture -- --engine ${name} --seed ${seed} --runs 1 --target ${target}`, problems }
      }),
    )
    for (const { again, problems } of all) expect(problems, again).toEqual([])
  })

  test('where what the ledger notes is lost the same harness sees it', { timeout: 300_000 }, async () => {
    const engine = await opened(name)
    const off = await migrateSubmitted({ seed: 3, engines, target: 'postgres', cli: CLI, ledger: false, engine })
    expect(off.happened).toContain('kill -9 of a worker at a failpoint')
    expect(off.doubled).toBeGreaterThan(0)
  })
})

async function opened(name: string): Promise<EngineServer> {
  server = await EngineServer.open(name, CLI, openQueue)
  return server
}
