import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EtlResult, type StartedEtl, startProcess } from '../support/process.js'
import { ToxicProxy } from '../support/proxy.js'
import type { Engine, EngineName, Place } from './engines.js'
import { createSql, insertSql } from './entities.js'
import { damageCheckpoint, type Fault, randomSteps, type Step } from './faults.js'
import { judge, type Verdict } from './judge.js'
import { Random } from './random.js'
import { pipelineYaml, randomScenario, type Scenario } from './scenario.js'

/** Of one process, however slow the machine. */
const LIMIT_MS = 180_000
/** Processes without a fault of their own until the migration must be over. */
const CLEAN_RUNS = 12

export interface Outcome extends Verdict {
  /** Faults that did happen. */
  readonly happened: readonly string[]
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

/** One migration from the first process to the last, and what became of the target. */
export async function migrate(options: MigrationOptions): Promise<Outcome> {
  const random = new Random(options.seed)
  const { engines, target, ledger } = options
  const names = [...engines.keys()]
  const source = random.chance(0.5) ? 'sqlite' : random.pick(names)
  const scenario = options.scenario ?? randomScenario(random, source, target, ledger)
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
    const targetProxy = await open(fresh, options.steps !== undefined || random.chance(0.6))
    const sourceProxy = await open(old, random.chance(0.4))
    writeFileSync(
      join(dir, 'pipeline.yaml'),
      pipelineYaml(scenario, old.block(sourceProxy?.url), fresh.block(targetProxy?.url), ledger),
    )
    const steps =
      options.steps ??
      randomSteps(random, {
        proxy: targetProxy !== undefined,
        sourceProxy: sourceProxy !== undefined,
        targetCrash: to.crash !== undefined,
        sourceCrash: from.crash !== undefined,
        ledger,
      })
    const run = new Migration({ ...options, random, dir, scenario, from, to, fresh, targetProxy, sourceProxy })
    const problems = await run.go(steps)
    for (const proxy of proxies) proxy.toxics = {}
    const verdict =
      problems.length > 0 && !run.done
        ? { lost: 0, doubled: 0, problems }
        : await judge(fresh, scenario.entities, dir, ledger)
    const all = [...new Set([...problems, ...verdict.problems])]
    keep = all.length > 0 && process.env.ETL_TORTURE_KEEP !== undefined
    if (keep) options.log?.(`kept: ${dir}, database ${id}_target`)
    return {
      ...verdict,
      problems: all,
      happened: run.happened,
      source: scenario.source,
      target: scenario.target,
      processes: run.processes,
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

interface Surroundings extends MigrationOptions {
  readonly random: Random
  readonly dir: string
  readonly scenario: Scenario
  readonly from: Engine
  readonly to: Engine
  readonly fresh: Place
  readonly targetProxy: ToxicProxy | undefined
  readonly sourceProxy: ToxicProxy | undefined
}

class Migration {
  readonly happened: string[] = []
  processes = 0
  done = false
  readonly #around: Surroundings
  readonly #checkpoint: string
  readonly #older: string
  #resume = false

  constructor(around: Surroundings) {
    this.#around = around
    this.#checkpoint = join(around.dir, '.etl', 'torture', 'checkpoint.json')
    this.#older = join(around.dir, 'older-checkpoint.json')
  }

  /** @returns what went wrong beside the data */
  async go(steps: readonly Step[]): Promise<string[]> {
    for (const { fault, damage } of steps) {
      await this.#with(fault)
      if (this.done) return []
      this.#damage(damage)
    }
    let told = ''
    for (let left = CLEAN_RUNS; left > 0; left--) {
      const result = await this.#end(this.#start(undefined))
      if (this.#learn(result)) return []
      told = firstError(result)
      // What is still in the way of a clean start: a server that recovers, a lock of a process that is gone.
      if (!/E503|E504|E505|E301|E307|E306/.test(told)) return [`a process without any fault failed: ${told}`]
      await sleep(300)
    }
    return [`not over after ${CLEAN_RUNS} processes without a fault: ${told}`]
  }

  #damage(damage: Step['damage']): void {
    const { random, log } = this.#around
    if (damage !== undefined && damageCheckpoint(random, this.#checkpoint, damage, this.#older)) {
      log?.(`checkpoint ${damage}`)
      this.happened.push(`checkpoint ${damage}`)
    } else if (existsSync(this.#checkpoint) && !existsSync(this.#older)) copyFileSync(this.#checkpoint, this.#older)
  }

  #start(failpoints: string | undefined): StartedEtl {
    const { dir, cli, scenario } = this.#around
    this.processes++
    const args = ['run', 'pipeline.yaml', '--yes', '--json', '--concurrency', String(scenario.concurrency)]
    return startProcess(process.execPath, [cli, ...args, ...(this.#resume ? ['--resume'] : [])], {
      cwd: dir,
      env: failpoints === undefined ? {} : { ETL_FAILPOINTS: failpoints },
    })
  }

  async #end(started: StartedEtl): Promise<EtlResult> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      started.child.kill('SIGKILL')
    }, LIMIT_MS)
    const result = await started.result
    clearTimeout(timer)
    this.#around.log?.(
      `  ${result.signal ?? result.code} ${this.#resume ? 'resumed ' : ''}${result.code === 0 ? '' : firstError(result)}`,
    )
    if (late) throw new Error(`a process hung for ${LIMIT_MS / 1000} s`)
    return result
  }

  /** What the end of a process says about how to go on. @returns whether the migration is over */
  #learn(result: EtlResult): boolean {
    const error = firstError(result)
    if (result.code === 0 || result.code === 3) {
      this.done = true
      return true
    }
    if (/E901/.test(error)) throw new Error(`internal error: ${result.stderr}`)
    this.#resume = /E505/.test(error) ? false : this.#resume || result.code !== 2 || /E504|E503/.test(error)
    return false
  }

  async #with(fault: Fault): Promise<void> {
    const { targetProxy, sourceProxy, to, from, log } = this.#around
    log?.(JSON.stringify(fault))
    let hit = false
    const strike = async (work: () => unknown): Promise<void> => {
      hit = true
      await work()
    }
    switch (fault.kind) {
      case 'SIGSTOP and take-over':
        return this.#freeze(fault)
      case 'kill -9 at a failpoint':
      case 'error at a failpoint': {
        const result = await this.#end(this.#start(fault.failpoint))
        hit = result.stderr.includes('failpoint ')
        this.#learn(result)
        break
      }
      case 'kill -9 at a moment': {
        const started = this.#start(undefined)
        await Promise.race([sleep(fault.ms), started.result])
        started.child.kill('SIGKILL')
        const result = await this.#end(started)
        hit = result.signal === 'SIGKILL'
        this.#learn(result)
        break
      }
      case 'SIGTERM': {
        const result = await this.#after(fault.batches, started => started.child.kill('SIGTERM'))
        hit = result.code === 143
        this.#learn(result)
        break
      }
      case 'target server crash':
        this.#learn(await this.#after(fault.batches, () => strike(() => to.crash?.())))
        break
      case 'source server crash':
        this.#learn(await this.#after(fault.batches, () => strike(() => from.crash?.())))
        break
      case 'all connections cut':
        this.#learn(await this.#after(fault.batches, () => strike(() => targetProxy?.cut())))
        break
      case 'source connections cut':
        this.#learn(await this.#after(fault.batches, () => strike(() => sourceProxy?.cut())))
        break
      case 'connection cut at COMMIT': {
        if (targetProxy === undefined) break
        const first = targetProxy.commits
        targetProxy.onCommit = commit => {
          if (commit - first !== fault.commit) return undefined
          hit = true
          return fault.cut
        }
        this.#learn(await this.#end(this.#start(undefined)))
        targetProxy.onCommit = () => undefined
        break
      }
      case 'connection cut at a byte':
      case 'slow network': {
        if (targetProxy === undefined) break
        const { cutAtByte } = fault.toxics
        const cuts = targetProxy.cuts
        targetProxy.toxics = cutAtByte === undefined ? fault.toxics : { cutAtByte: targetProxy.sent + cutAtByte }
        this.#learn(await this.#end(this.#start(undefined)))
        hit = cutAtByte === undefined || targetProxy.cuts > cuts
        targetProxy.toxics = {}
        break
      }
    }
    if (hit) this.happened.push(fault.kind)
  }

  /** Does something once a process has committed so many batches; with 0 soon after its start. */
  async #after(batches: number, work: (started: StartedEtl) => unknown): Promise<EtlResult> {
    const started = this.#start(undefined)
    const seen = new Promise<void>(resolve => {
      let count = 0
      started.child.stdout?.on('data', (text: string) => {
        count += text.split(batches === 0 ? '"type":"run_started"' : '"type":"batch"').length - 1
        if (count >= Math.max(1, batches)) resolve()
      })
    })
    let over = false
    void started.result.then(() => {
      over = true
    })
    await Promise.race([seen, started.result])
    if (!over) await work(started)
    return this.#end(started)
  }

  /** The process is frozen and forgotten; another one takes over and ends; then the frozen one wakes up. */
  async #freeze(fault: Fault & { readonly failpoint: string }): Promise<void> {
    const { fresh, to } = this.#around
    const frozen = this.#start(fault.failpoint)
    const stopped = new Promise<boolean>(resolve => {
      frozen.child.stderr?.on('data', (text: string) => {
        if (text.includes('failpoint ')) resolve(true)
      })
      void frozen.result.then(() => resolve(false))
    })
    if (!(await stopped)) {
      this.#learn(await this.#end(frozen))
      return
    }
    this.happened.push(fault.kind)
    const wasResume = this.#resume
    this.#resume = true
    await fresh.forget()
    const second = await this.#end(this.#start(undefined))
    // A file's lock is the frozen process's own: nobody takes it over.
    if (
      to.name === 'sqlite' &&
      !/E503|E307|E505|E504/.test(firstError(second)) &&
      second.code !== 0 &&
      second.code !== 3
    )
      throw new Error(`beside a frozen process: ${firstError(second)}`)
    frozen.child.kill('SIGCONT')
    const woken = await this.#end(frozen)
    if (!this.#learn(second)) {
      this.#resume = wasResume
      this.#learn(woken)
    }
  }
}

function firstError(result: EtlResult): string {
  return (
    /✖ (E\d+[^\n]*(\n {2}[^\n]*){0,3})/.exec(result.stderr)?.[1]?.replaceAll(/\s+/g, ' ') ?? result.stderr.slice(0, 300)
  )
}
