import { afterAll, beforeAll, expect, test } from 'vitest'
import { CLI } from '../support/etl.js'
import { type Engine, type EngineName, openEngine } from './engines.js'
import { migrate } from './migration.js'
import { Random } from './random.js'
import { keylessPlain } from './scenario.js'

const SEED = Number(process.env.ETL_TEST_SEED ?? 1)
const engines = new Map<EngineName, Engine>()

beforeAll(async () => {
  for (const name of ['postgres', 'mysql', 'sqlite'] as const) engines.set(name, await openEngine(name))
})
afterAll(() => Promise.all([...engines.values()].map(engine => engine.stop())))

test.each(['postgres', 'mysql', 'sqlite'] as const)(
  'random faults on the way to %s',
  { timeout: 300_000 },
  async target => {
    const lines: string[] = []
    const log = (line: string): void => void lines.push(line)
    const { problems } = await migrate({ seed: SEED, engines, target, cli: CLI, ledger: true, log })
    const again = `npm run torture -- --seed ${SEED} --runs 1 --target ${target}`
    expect(problems, `${again}\n${lines.join('\n')}`).toEqual([])
  },
)

test('a run is taken back, also when that is killed, and its target is as it was', { timeout: 300_000 }, async () => {
  const { happened, problems } = await migrate({ seed: 2, engines, target: 'sqlite', cli: CLI, ledger: true })
  expect(problems).toEqual([])
  expect(happened).toContain('undo: kill -9 at a failpoint')
})

test('without a ledger the same harness sees rows that came twice', { timeout: 120_000 }, async () => {
  const entities = [keylessPlain(new Random(1), 'only')]
  const scenario = { source: 'sqlite', target: 'sqlite', concurrency: 1, entities } as const
  // The batch is committed, the file does not know it.
  const steps = [{ fault: { kind: 'kill -9 at a failpoint', failpoint: 'checkpoint-tmp:kill@4' } }] as const
  const run = { seed: 1, engines, target: 'sqlite', cli: CLI, scenario, steps } as const
  const off = await migrate({ ...run, ledger: false })
  expect(off.happened).toEqual(['kill -9 at a failpoint'])
  expect(off.doubled).toBeGreaterThan(0)
  const on = await migrate({
    ...run,
    ledger: true,
    steps: [{ fault: { kind: 'kill -9 at a failpoint', failpoint: 'after-commit:kill@8' } }],
  })
  expect(on).toMatchObject({ happened: ['kill -9 at a failpoint'], lost: 0, doubled: 0, problems: [] })
})
