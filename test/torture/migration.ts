import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ToxicProxy } from '../support/proxy.js'
import { type Act, type PlannedAct, randomActs } from './acts.js'
import type { Engine, EngineName, Place } from './engines.js'
import { createSql, insertSql } from './entities.js'
import { randomSteps, type Step } from './faults.js'
import { judge, type Verdict } from './judge.js'
import { Processes } from './processes.js'
import { Random } from './random.js'
import type { Reach } from './reach.js'
import { pipelineYaml, randomScenario, type Scenario } from './scenario.js'

export interface Outcome extends Verdict {
  /** Faults that did happen. */
  readonly happened: readonly string[]
  /** Faults whose process was started, whether they happened or not. */
  readonly planned: readonly string[]
  /** Faults whose turn never came, since all was done by then. */
  readonly unused: number
  readonly source: EngineName
  readonly target: EngineName
  readonly processes: number
}

export interface MigrationOptions {
  readonly seed: number
  readonly engines: ReadonlyMap<EngineName, Engine>
  readonly target: EngineName
  readonly cli: string
  readonly ledger: boolean
  /** Tells what happens. */
  readonly log?: (line: string) => void
  /** Instead of random ones. */
  readonly scenario?: Scenario
  readonly steps?: readonly Step[]
}

/** How the places of a migration are reached. */
interface Ways {
  readonly targetProxy: boolean
  readonly sourceProxy: boolean
}

/**
 * One migration from the first process to the last, and what became of the target. It is played twice: without faults,
 * to see what its processes do, and then with faults within that.
 */
export async function migrate(options: MigrationOptions): Promise<Outcome> {
  const random = new Random(options.seed)
  const { engines, target, ledger } = options
  const names = [...engines.keys()]
  const source = random.chance(0.5) ? 'sqlite' : random.pick(names)
  const undo = ledger && options.steps === undefined && random.chance(0.5)
  const scenario = options.scenario ?? randomScenario(random, { source, target, ledger, undo })
  const to = engines.get(scenario.target) as Engine
  const from = engines.get(scenario.source) as Engine
  if (options.steps !== undefined) {
    const loads = scenario.entities
    const act: PlannedAct = { kind: 'run', sql: [], entities: loads, loads, steps: options.steps }
    return play(options, random, scenario, { targetProxy: true, sourceProxy: false }, [act])
  }
  const ways = { targetProxy: random.chance(0.6), sourceProxy: random.chance(0.4) }
  const acts = randomActs(random, scenario.entities, { ledger, undo })
  const rehearsal = await play(options, random, scenario, ways, acts)
  if (rehearsal.problems.length > 0)
    return { ...rehearsal, problems: rehearsal.problems.map(problem => `without faults: ${problem}`) }
  const around = {
    proxy: to.name !== 'sqlite' && ways.targetProxy,
    sourceProxy: from.name !== 'sqlite' && ways.sourceProxy,
    targetCrash: to.crash !== undefined,
    sourceCrash: from.crash !== undefined,
    ledger,
  }
  const planned = acts.map((act, i) => ({
    ...act,
    steps: randomSteps(random, around, act.kind, rehearsal.reaches[i] as Reach),
  }))
  return play(options, random, scenario, ways, planned)
}

interface Played extends Outcome {
  /** What each act does, where no faults were planned. */
  readonly reaches: readonly Reach[]
}

async function play(
  options: MigrationOptions,
  random: Random,
  scenario: Scenario,
  ways: Ways,
  acts: readonly (Act | PlannedAct)[],
): Promise<Played> {
  const { engines, ledger } = options
  const dir = mkdtempSync(join(tmpdir(), 'etl-torture-'))
  const id = `t${process.pid}_${options.seed}_${Date.now().toString(36)}`
  const from = engines.get(scenario.source) as Engine
  const to = engines.get(scenario.target) as Engine
  const places: Place[] = []
  const proxies: ToxicProxy[] = []
  let keep = false
  try {
    const old = await from.create(`${id}_source`, dir)
    places.push(old)
    const fresh = await to.create(`${id}_target`, dir)
    places.push(fresh)
    for (const entity of scenario.entities) {
      await fill(old, scenario.source, entity.source)
      await fill(fresh, scenario.target, entity.target)
    }
    const open = async (place: Place, wanted: boolean): Promise<ToxicProxy | undefined> => {
      if (place.url === undefined || !wanted) return undefined
      const proxy = await ToxicProxy.open(place.url)
      proxies.push(proxy)
      return proxy
    }
    const targetProxy = await open(fresh, ways.targetProxy)
    const sourceProxy = await open(old, ways.sourceProxy)
    const run = new Processes({ ...options, random, dir, scenario, from, to, fresh, targetProxy, sourceProxy })
    const all: string[] = []
    const reaches: Reach[] = []
    let [lost, doubled] = [0, 0]
    for (const [i, act] of acts.entries()) {
      for (const sql of act.sql) await old.exec(sql)
      const blocks = { source: old.block(sourceProxy?.url), target: fresh.block(targetProxy?.url) }
      const undo = acts.some(({ kind }) => kind === 'undo')
      writeFileSync(join(dir, 'pipeline.yaml'), pipelineYaml(act.entities, blocks, { ledger, undo }))
      const { over, problems } = 'steps' in act ? await run.go(act) : await run.rehearse(act, reaches)
      for (const proxy of proxies) proxy.toxics = {}
      all.push(...problems)
      if (!over) break
      const verdict = await judge(fresh, acts.slice(0, i + 1), dir, ledger)
      lost += verdict.lost
      doubled += verdict.doubled
      all.push(...verdict.problems.map(problem => `${act.kind}: ${problem}`))
      if (all.length > 0) break
    }
    keep = all.length > 0 && process.env.ETL_TORTURE_KEEP !== undefined
    if (keep) options.log?.(`kept: ${dir}, database ${id}_target`)
    return {
      lost,
      doubled,
      problems: all,
      happened: run.happened,
      planned: run.planned,
      unused: run.unused,
      source: scenario.source,
      target: scenario.target,
      processes: run.processes,
      reaches,
    }
  } finally {
    for (const proxy of proxies) await proxy.close()
    if (!keep) {
      for (const place of places) await place.drop()
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

async function fill(place: Place, engine: EngineName, table: Parameters<typeof createSql>[1]): Promise<void> {
  await place.exec([createSql(engine, table), ...insertSql(engine, table)].join(';\n'))
}
