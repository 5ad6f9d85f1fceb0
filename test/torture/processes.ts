import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EtlResult, type StartedEtl, startProcess } from '../support/process.js'
import type { ToxicProxy } from '../support/proxy.js'
import type { Act, PlannedAct } from './acts.js'
import type { Engine, Place } from './engines.js'
import { damageCheckpoint, type Fault, type Step } from './faults.js'
import { rejectedRows } from './judge.js'
import type { MigrationOptions } from './migration.js'
import type { Random } from './random.js'
import { pointsOf, type Reach, TELL_ALL } from './reach.js'
import type { Scenario } from './scenario.js'

/** Of one process, however slow the machine. */
const LIMIT_MS = 180_000
/** Processes without a fault of their own until an act must be over. */
const CLEAN_RUNS = 12

export interface MigrationPlace extends MigrationOptions {
  readonly random: Random
  readonly dir: string
  readonly scenario: Scenario
  readonly from: Engine
  readonly to: Engine
  readonly fresh: Place
  readonly targetProxy: ToxicProxy | undefined
  readonly sourceProxy: ToxicProxy | undefined
}

export interface Ended {
  readonly over: boolean
  readonly problems: readonly string[]
}

/** The processes of one migration, and the faults that meet them. */
export class Processes {
  readonly happened: string[] = []
  readonly planned: string[] = []
  unused = 0
  processes = 0
  #done = false
  readonly #around: MigrationPlace
  readonly #checkpoint: string
  readonly #older: string
  #resume = false
  /** Somebody is there, and only seems to be dead. */
  #frozen = false
  /** The next process takes a dead one's run over. */
  #takeOver = false
  #act: Pick<Act, 'kind' | 'loads'> = { kind: 'run', loads: [] }
  /** Runs of acts before. */
  #before: ReadonlySet<string> = new Set()
  /** Runs of each act, newest first. */
  readonly #runs: (readonly string[])[] = []
  /** Those that an act takes back, in this order. */
  #undoes: string[] = []

  constructor(around: MigrationPlace) {
    this.#around = around
    this.#checkpoint = join(around.dir, '.etl', 'torture', 'checkpoint.json')
    this.#older = join(around.dir, 'older-checkpoint.json')
  }

  /** From an act's first process to its last. @returns whether it is over, and what went wrong beside the data */
  async go(act: PlannedAct): Promise<Ended> {
    await this.#begin(act)
    for (const [i, { fault, damage }] of act.steps.entries()) {
      this.planned.push(this.#named(fault.kind))
      await this.#with(fault)
      if (!this.#done) this.#damage(damage)
      else {
        this.unused += act.steps.length - 1 - i
        return this.#finish(act)
      }
    }
    let told = ''
    for (let left = CLEAN_RUNS; left > 0; left--) {
      const result = await this.#ended(this.#start(undefined))
      if (this.#learn(result)) return this.#finish(act, result)
      told = firstError(result)
      // What is still in the way of a clean start: a server that recovers, a lock of a process that is gone.
      if (result.code !== 0 && result.code !== 3 && !/E503|E504|E505|E525|E301|E307|E306/.test(told)) {
        return { over: false, problems: [`a process without any fault failed: ${told}`] }
      }
      await sleep(300)
    }
    return { over: false, problems: [`not over after ${CLEAN_RUNS} processes without a fault: ${told}`] }
  }

  /** The same without faults. @param reaches where it adds what its process did */
  async rehearse(act: Act, reaches: Reach[]): Promise<Ended> {
    await this.#begin(act)
    const { targetProxy } = this.#around
    const [commits, sent, from] = [targetProxy?.commits ?? 0, targetProxy?.sent ?? 0, performance.now()]
    const result = await this.#ended(this.#start(TELL_ALL))
    reaches.push({
      points: pointsOf(result.stderr),
      ms: performance.now() - from,
      commits: (targetProxy?.commits ?? 0) - commits,
      sent: (targetProxy?.sent ?? 0) - sent,
    })
    if (this.#learn(result)) return this.#finish(act, result)
    return { over: false, problems: [`failed: ${firstError(result)}`] }
  }

  async #begin(act: Act): Promise<void> {
    this.#act = act
    this.#before = new Set(this.#runs.length === 0 ? [] : await this.#ledgerRuns())
    this.#undoes = act.undoes === undefined ? [] : await this.#written(this.#runs[act.undoes] ?? [])
    this.#done = false
    this.#resume = false
    rmSync(this.#older, { force: true })
    this.#around.log?.(`--- ${act.kind}`)
  }

  async #finish(act: Act, result?: EtlResult): Promise<Ended> {
    const { ledger, fresh } = this.#around
    this.#runs.push((await this.#ledgerRuns()).filter(run => !this.#before.has(run)).reverse())
    const problems = result === undefined ? [] : codeProblems(act, result)
    if (act.undoes === undefined || !ledger) return { over: true, problems }
    const standing = await fresh.rows(
      `select run_id from etl_run where state <> 'undone' and run_id in (${(this.#runs[act.undoes] ?? []).map(run => `'${run}'`).join(', ')})`,
    )
    const written = await this.#written(standing.map(String))
    return { over: true, problems: [...problems, ...written.map(run => `run ${run} was not taken back`)] }
  }

  /** Oldest first. */
  async #ledgerRuns(): Promise<string[]> {
    if (!this.#around.ledger) return []
    return (await this.#around.fresh.rows('select run_id from etl_run order by started_at, run_id')).map(String)
  }

  /** Those of the runs that are complete or wrote something: of a retry that was killed another one may have done all. */
  async #written(runs: readonly string[]): Promise<string[]> {
    const there = await this.#around.fresh.rows(
      `select run_id from etl_run r where state = 'completed' or exists
         (select 1 from etl_batch b where b.run_id = r.run_id and inserted + updated > 0)`,
    )
    const wrote = new Set(there.map(String))
    return runs.filter(run => wrote.has(run))
  }

  /** What a process of the act is started with. */
  #args(): string[] {
    const { scenario } = this.#around
    const { kind, loads } = this.#act
    if (kind === 'undo') return ['undo', this.#undoes[0] ?? 'last', 'pipeline.yaml', '--yes', '--json']
    const more = ['--json', '--concurrency', String(scenario.concurrency)]
    if (kind === 'retry') return ['quarantine', 'retry', 'pipeline.yaml', String([...this.#before][0]), ...more]
    const chosen = kind === 'again' ? loads.flatMap(({ name }) => ['--entity', name]) : []
    const how = this.#takeOver ? ['--take-over'] : this.#resume ? ['--resume'] : []
    this.#takeOver = false
    return ['run', 'pipeline.yaml', '--yes', ...more, ...chosen, ...how]
  }

  #note(fault: string): void {
    this.happened.push(this.#named(fault))
  }

  #named(fault: string): string {
    const { kind } = this.#act
    return kind === 'run' ? fault : `${kind === 'again' ? 'second run' : kind}: ${fault}`
  }

  #damage(damage: Step['damage']): void {
    const { random, log } = this.#around
    if (damage !== undefined) this.planned.push(this.#named(`checkpoint ${damage}`))
    if (damage !== undefined && damageCheckpoint(random, this.#checkpoint, damage, this.#older)) {
      log?.(`checkpoint ${damage}`)
      this.#note(`checkpoint ${damage}`)
    } else if (existsSync(this.#checkpoint) && !existsSync(this.#older)) copyFileSync(this.#checkpoint, this.#older)
  }

  #start(failpoints: string | undefined): StartedEtl {
    const { dir, cli, log } = this.#around
    this.processes++
    const args = this.#args()
    log?.(`  etl ${args.join(' ')}`)
    return startProcess(process.execPath, [cli, ...args], {
      cwd: dir,
      env: failpoints === undefined ? {} : { ETL_FAILPOINTS: failpoints },
    })
  }

  async #ended(started: StartedEtl): Promise<EtlResult> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      started.child.kill('SIGKILL')
    }, LIMIT_MS)
    const result = await started.result
    clearTimeout(timer)
    this.#around.log?.(`  ${result.signal ?? result.code} ${result.code === 0 ? '' : firstError(result)}`)
    if (late) throw new Error(`a process hung for ${LIMIT_MS / 1000} s`)
    return result
  }

  /** What the end of a process says about how to go on. @returns whether the act is over */
  #learn(result: EtlResult): boolean {
    const error = firstError(result)
    if (this.#act.kind === 'undo') return this.#learnUndone(result, error)
    if (result.code === 0 || result.code === 3) {
      // Nothing was begun yet, and the run before is complete.
      this.#done = this.#act.kind === 'retry' || !this.#before.has(runIdOf(result))
      this.#resume = false
      return this.#done
    }
    if (/E512/.test(error) && !this.#frozen) throw new Error(`a dead process was not taken over: ${result.stderr}`)
    if (/E901/.test(error)) throw new Error(`internal error: ${result.stderr}`)
    this.#resume = /E505|E525/.test(error) ? false : this.#resume || result.code !== 2 || /E504|E503/.test(error)
    return false
  }

  /** Taken back, now or by a process before: then the run before it in the act is next. */
  #learnUndone({ code, stderr }: EtlResult, error: string): boolean {
    if (/E901/.test(error)) throw new Error(`internal error: ${stderr}`)
    if (code === 0 || /E525/.test(error)) this.#undoes.shift()
    this.#done = this.#undoes.length === 0
    return this.#done
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
      case 'kill -9 and take-over': {
        const result = await this.#ended(this.#start(fault.failpoint))
        hit = result.signal === 'SIGKILL'
        this.#learn(result)
        this.#takeOver = hit
        break
      }
      case 'kill -9 at a failpoint':
      case 'error at a failpoint': {
        const result = await this.#ended(this.#start(fault.failpoint))
        hit = result.stderr.includes('failpoint ')
        this.#learn(result)
        break
      }
      case 'kill -9 at a moment': {
        const started = this.#start(undefined)
        await Promise.race([sleep(fault.ms), started.result])
        started.child.kill('SIGKILL')
        const result = await this.#ended(started)
        hit = result.signal === 'SIGKILL'
        this.#learn(result)
        break
      }
      case 'SIGTERM': {
        const result = await this.#when(fault.when, started => started.child.kill('SIGTERM'))
        hit = result.code === 143
        this.#learn(result)
        break
      }
      case 'target server crash':
        this.#learn(await this.#when(fault.when, () => strike(() => to.crash?.())))
        break
      case 'source server crash':
        this.#learn(await this.#when(fault.when, () => strike(() => from.crash?.())))
        break
      case 'all connections cut':
        this.#learn(await this.#when(fault.when, () => strike(() => targetProxy?.cut())))
        break
      case 'source connections cut':
        this.#learn(await this.#when(fault.when, () => strike(() => sourceProxy?.cut())))
        break
      case 'connection cut at COMMIT': {
        if (targetProxy === undefined) break
        const first = targetProxy.commits
        targetProxy.onCommit = commit => {
          if (commit - first !== fault.commit) return undefined
          hit = true
          return fault.cut
        }
        this.#learn(await this.#ended(this.#start(undefined)))
        targetProxy.onCommit = () => undefined
        break
      }
      case 'connection cut at a byte':
      case 'slow network': {
        if (targetProxy === undefined) break
        const { cutAtByte } = fault.toxics
        const cuts = targetProxy.cuts
        targetProxy.toxics = cutAtByte === undefined ? fault.toxics : { cutAtByte: targetProxy.sent + cutAtByte }
        this.#learn(await this.#ended(this.#start(undefined)))
        hit = cutAtByte === undefined || targetProxy.cuts > cuts
        targetProxy.toxics = {}
        break
      }
    }
    if (hit) this.#note(fault.kind)
  }

  /** Does something when a failpoint tells that it was hit. */
  async #when(failpoint: string, work: (started: StartedEtl) => unknown): Promise<EtlResult> {
    const started = this.#start(failpoint)
    if (await told(started)) await work(started)
    return this.#ended(started)
  }

  /**
   * The process is frozen: its connections end, or it has been silent for long, or both. Another one goes on, by right or
   * in vain; then the frozen one wakes up.
   */
  async #freeze(fault: Extract<Fault, { kind: 'SIGSTOP and take-over' }>): Promise<void> {
    const { fresh, to } = this.#around
    const frozen = this.#start(fault.failpoint)
    if (!(await told(frozen))) {
      this.#learn(await this.#ended(frozen))
      return
    }
    this.#note(fault.kind)
    const wasResume = this.#resume
    this.#resume = true
    this.#takeOver = fault.silent
    this.#frozen = true
    if (fault.silent) await silence(fresh)
    if (fault.forgotten) await fresh.forget()
    const second = await this.#ended(this.#start(undefined))
    // A file's lock is the frozen process's own: nobody takes it over.
    if (
      to.name === 'sqlite' &&
      !/E503|E307|E505|E504|E512/.test(firstError(second)) &&
      second.code !== 0 &&
      second.code !== 3
    ) {
      frozen.child.kill('SIGKILL')
      throw new Error(`beside a frozen process: ${firstError(second)}`)
    }
    frozen.child.kill('SIGCONT')
    const woken = await this.#ended(frozen)
    const over = this.#learn(second)
    this.#frozen = false
    if (over) return
    this.#resume = wasResume
    this.#learn(woken)
  }
}

/** Whether a process comes to its failpoint; false where it ends without. */
function told({ child, result }: StartedEtl): Promise<boolean> {
  return new Promise(resolve => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes('failpoint ')) resolve(true)
    })
    void result.then(() => resolve(false))
  })
}

/** As if the owner of each run had not been heard of for long. */
async function silence(place: Place): Promise<void> {
  // A run that has not begun has no owner yet, and a frozen transaction may have locked the file.
  await place.exec(`update etl_owner set heartbeat_at = '2020-01-01T00:00:00.000Z'`).catch(() => undefined)
}

function runIdOf({ stdout }: EtlResult): string {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  return String((JSON.parse(line) as { readonly runId?: string }).runId)
}

function firstError(result: EtlResult): string {
  return (
    /✖ (E\d+[^\n]*(\n {2}[^\n]*){0,3})/.exec(result.stderr)?.[1]?.replaceAll(/\s+/g, ' ') ?? result.stderr.slice(0, 300)
  )
}

/** Rejected rows are told by the exit code, also by a process that found all done. */
function codeProblems({ kind, loads, entities }: Act, { code }: EtlResult): string[] {
  // Told to be taken back already by the one that came last: that is no success.
  if (kind === 'undo') return []
  const left =
    kind === 'retry'
      ? entities.some(({ counts, mended }) => rejectedRows(counts) > (mended?.closed ?? 0))
      : loads.some(({ counts }) => rejectedRows(counts) > 0)
  const wanted = left ? 3 : 0
  return code === wanted ? [] : [`the last process ended with ${code}, not ${wanted}`]
}
