import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineServer } from '../support/engine-server.js'
import { type EtlResult, startProcess } from '../support/process.js'
import { TestWorker, until } from '../support/test-worker.js'
import type { Act } from './acts.js'
import type { Engine, EngineName, Place } from './engines.js'
import { createSql, type EntityModel, insertSql } from './entities.js'
import { IN_EACH_BATCH } from './faults.js'
import { judge } from './judge.js'
import type { Outcome } from './migration.js'
import { Random } from './random.js'
import { keylessPlain, pipelineYaml, randomScenario } from './scenario.js'

const KINDS = [
  'kill -9 of a worker at a failpoint',
  'kill -9 of a worker at a failpoint',
  'SIGSTOP of a worker',
  'error in a worker',
  'kill -9 of the leader',
  'kill -9 of the submitter',
  'SIGTERM of a worker',
  'cancel and resume',
] as const
const ENGINE_CRASH = 'kill -9 of the engine' as const

type Kind = (typeof KINDS)[number] | typeof ENGINE_CRASH

interface Fault {
  readonly kind: Kind
  readonly failpoint: string
  readonly ms: number
}

/** Who dies has committed a batch before. */
const FORGETFUL: Fault = { kind: KINDS[0], failpoint: 'after-ledger-row:kill@3', ms: 0 }
/** Longer than the engine waits for a word of a worker. */
const FROZEN_MS = 16_000
const LIMIT_MS = 240_000
const NO_CONNECTION = 5
const WORKERS = 3

export interface SubmittedOptions {
  readonly seed: number
  readonly engines: ReadonlyMap<EngineName, Engine>
  readonly target: EngineName
  readonly cli: string
  readonly engine: EngineServer
  /** False: what the ledger notes of batches is deleted when a worker dies, so that the harness has something to see. */
  readonly ledger: boolean
  readonly log?: (line: string) => void
}

/** One run in the hands of workers that die, freeze and leave, and what became of the target. */
export async function migrateSubmitted(options: SubmittedOptions): Promise<Outcome> {
  const { seed, engines, target, ledger } = options
  const random = new Random(seed)
  const source = random.chance(0.5) ? 'sqlite' : random.pick([...engines.keys()])
  const entities = ledger
    ? randomScenario(random, { source, target, ledger: true, undo: false }).entities
    : [keylessPlain(random, 'only')]
  const kinds: readonly Kind[] = options.engine.crash === undefined ? KINDS : [...KINDS, ENGINE_CRASH, ENGINE_CRASH]
  const faults = ledger ? Array.from({ length: random.int(1, 3) }, () => randomFault(random, kinds)) : [FORGETFUL]
  const dir = mkdtempSync(join(tmpdir(), 'etl-torture-'))
  const id = `e${process.pid}_${seed}_${Date.now().toString(36)}`
  const places: Place[] = []
  try {
    const old = await (engines.get(source) as Engine).create(`${id}_source`, dir)
    places.push(old)
    const fresh = await (engines.get(target) as Engine).create(`${id}_target`, dir)
    places.push(fresh)
    for (const entity of entities) {
      await old.exec([createSql(source, entity.source), ...insertSql(source, entity.source)].join(';\n'))
      await fresh.exec([createSql(target, entity.target), ...insertSql(target, entity.target)].join(';\n'))
    }
    const blocks = { source: old.block(), target: fresh.block() }
    const yaml = pipelineYaml(entities, blocks, { ledger: true, undo: false })
    writeFileSync(join(dir, 'pipeline.yaml'), `${yaml}engine: { shared: true, label: s${seed} }\n`)
    const run = new Submitted(options, dir, fresh, entities)
    const problems = await run.go(faults)
    const act: Act = { kind: 'run', sql: [], entities, loads: entities }
    const verdict = await judge(fresh, [act], dir, ledger, false)
    return {
      lost: verdict.lost,
      doubled: verdict.doubled,
      problems: [...problems, ...verdict.problems],
      happened: run.happened,
      planned: faults.map(({ kind }) => kind),
      unused: 0,
      source,
      target,
      processes: run.processes,
    }
  } finally {
    for (const place of places) await place.drop()
    rmSync(dir, { recursive: true, force: true })
  }
}

function randomFault(random: Random, kinds: readonly Kind[]): Fault {
  const kind = random.pick(kinds)
  const action = kind === 'SIGSTOP of a worker' ? 'stop' : kind === 'error in a worker' ? 'throw' : 'kill'
  return { kind, failpoint: `${random.pick(IN_EACH_BATCH)}:${action}@${random.int(1, 6)}`, ms: random.int(0, 2500) }
}

class Submitted {
  readonly happened: string[] = []
  processes = 0
  readonly #options: SubmittedOptions
  readonly #dir: string
  readonly #fresh: Place
  readonly #expected: number
  readonly #workers: TestWorker[] = []
  #run = ''

  constructor(options: SubmittedOptions, dir: string, fresh: Place, entities: readonly EntityModel[]) {
    this.#options = options
    this.#dir = dir
    this.#fresh = fresh
    this.#expected = entities.reduce((sum, { counts }) => sum + counts.read, 0)
  }

  /** From the submission to the end of the run. */
  async go(faults: readonly Fault[]): Promise<string[]> {
    try {
      const armed = faults.filter(({ kind }) => kind.endsWith('a failpoint') || /SIGSTOP|error/.test(kind))
      // Who does the chunk dies, whoever that is, where something is to be seen.
      const joining = this.#options.ledger ? Array.from({ length: WORKERS }, (_, i) => armed[i]) : [...armed, ...armed]
      for (const fault of joining) await this.#join(fault)
      await this.#submit(faults)
      await Promise.all(faults.filter(fault => !armed.includes(fault)).map(fault => this.#strike(fault)))
      return await this.#end()
    } finally {
      for (const worker of this.#workers.splice(0)) await worker.kill('SIGKILL')
    }
  }

  async #join(fault?: Fault): Promise<void> {
    const { engine, log } = this.#options
    this.processes++
    const env = fault === undefined ? {} : { ETL_FAILPOINTS: fault.failpoint }
    const worker = await this.#whileAway(
      () => engine.worker(this.#dir, env, this.#label).catch((error: unknown) => error),
      came => came instanceof Error,
    )
    if (!(worker instanceof TestWorker)) throw worker
    this.#workers.push(worker)
    if (fault !== undefined) void this.#armed(worker, fault).catch(error => log?.(String(error)))
  }

  /** One of several migrations of a moment must not do another one's work. */
  get #label(): string {
    return `s${this.#options.seed}`
  }

  async #armed(worker: TestWorker, { kind, failpoint }: Fault): Promise<void> {
    await until(
      'the failpoint or the end',
      () => (worker.ended || worker.lines.some(line => line.startsWith('failpoint ')) ? true : undefined),
      LIMIT_MS,
    )
    if (!worker.lines.some(line => line.startsWith('failpoint '))) return
    this.#note(kind)
    this.#options.log?.(`  ${kind}: ${failpoint}`)
    if (kind === 'SIGSTOP of a worker') {
      await sleep(FROZEN_MS)
      worker.signal('SIGCONT')
    } else if (kind !== 'error in a worker') await this.#lost()
  }

  /** Another one comes for a worker that is gone. */
  async #lost(): Promise<void> {
    if (!this.#options.ledger) await this.#forget()
    await this.#join()
  }

  /** As if nothing had been noted of what is written. */
  async #forget(): Promise<void> {
    await this.#fresh.exec('delete from etl_batch')
  }

  async #submit(faults: readonly Fault[]): Promise<void> {
    const killed = faults.find(({ kind }) => kind === 'kill -9 of the submitter')
    if (killed === undefined) {
      const { code, stdout, stderr } = await this.#etl('run', 'pipeline.yaml', '--yes', '--detach')
      if (code !== 0) throw new Error(`not handed over: ${stderr}`)
      this.#run = stdout.trim()
      return
    }
    this.processes++
    const submitter = this.#start('run', 'pipeline.yaml', '--yes', '--progress', 'plain')
    this.#run = await new Promise<string>((resolve, reject) => {
      let text = ''
      submitter.child.stderr?.on('data', (more: string) => {
        text += more
        const [, run] = /run (\w+) is handed over/.exec(text) ?? []
        if (run !== undefined) resolve(run)
      })
      void submitter.result.then(() => reject(new Error(`not handed over: ${text}`)))
    })
    await sleep(killed.ms)
    if (submitter.child.kill('SIGKILL')) this.#note(killed.kind)
    await submitter.result
  }

  async #strike({ kind, ms }: Fault): Promise<void> {
    if (kind === 'kill -9 of the submitter') return
    await until('the run to begin', () => (this.#leader === undefined ? undefined : true), LIMIT_MS)
    await sleep(ms)
    const { state } = await this.#status()
    if (state === 'done') return
    if (kind === ENGINE_CRASH) {
      this.#note(kind)
      return this.#options.engine.crash?.()
    }
    if (kind === 'cancel and resume') {
      const { stdout } = await this.#etl('cancel', this.#run)
      if (stdout.includes('is cancelled')) this.#note(kind)
      return
    }
    const victim = kind === 'kill -9 of the leader' ? this.#leader : this.#workers.find(worker => !worker.ended)
    if (victim === undefined || victim.ended) return
    this.#note(kind)
    await victim.kill(kind === 'SIGTERM of a worker' ? 'SIGTERM' : 'SIGKILL')
    await this.#lost()
  }

  get #leader(): TestWorker | undefined {
    return this.#workers.findLast(worker => worker.leads(this.#run))
  }

  /** Resumes what was cancelled, until it is done. */
  async #end(): Promise<string[]> {
    let told = ''
    for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await sleep(500)) {
      const { state } = await this.#status()
      if (told !== state) this.#options.log?.(`  run ${this.#run} of ${this.#expected} rows: ${state}`)
      told = state
      if (state === 'done') return this.#failed()
      if (state === 'waiting' || state === 'active') continue
      // Whoever led it may still be on its way out.
      const { code, stderr } = await this.#etl('resume', this.#run, '--detach')
      if (code !== 0 && !/E565/.test(stderr)) return [`resume: ${stderr}`]
    }
    const { stdout: status } = await this.#etl('status', this.#run, '--json')
    const lines = this.#workers.flatMap(worker => worker.lines).join('\n')
    return [`not over after ${LIMIT_MS / 1000} s: ${told}\n${status}\n${lines}`]
  }

  /** The task is over; the run may have ended with an error all the same. */
  async #failed(): Promise<string[]> {
    const rows = await this.#fresh.rows(`select state from etl_run where run_id = '${this.#run}'`)
    return String(rows[0]?.[0]) === 'completed'
      ? []
      : [`run ${rows}\n${this.#workers.flatMap(({ lines }) => lines).join('\n')}`]
  }

  async #status(): Promise<{ readonly state: string }> {
    const { stdout, stderr } = await this.#etl('status', this.#run, '--json')
    if (stdout === '') throw new Error(`no status: ${stderr}`)
    return JSON.parse(stdout)
  }

  #etl(...args: string[]): Promise<EtlResult> {
    return this.#whileAway(
      () => this.#start(...args).result,
      ({ code }) => code === NO_CONNECTION,
    )
  }

  /** Once more where it failed, as another migration may have killed the engine at that moment. */
  async #whileAway<T>(ask: () => Promise<T>, failed: (answer: T) => boolean): Promise<T> {
    for (let asked = 1; ; asked++) {
      const answer = await ask()
      if (!failed(answer) || asked === 10) return answer
      await sleep(1000)
    }
  }

  #start(...args: string[]) {
    const { cli, engine } = this.#options
    return startProcess(process.execPath, [cli, ...args], { cwd: this.#dir, env: { ETL_ENGINE: engine.url } })
  }

  #note(kind: Kind): void {
    this.happened.push(kind)
  }
}
