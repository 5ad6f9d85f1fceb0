import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EtlResult, type StartedEtl, startProcess } from '../support/process.js'
import type { ToxicProxy } from '../support/proxy.js'
import type { Act } from './acts.js'
import type { Engine, Place } from './engines.js'
import { damageCheckpoint, type Fault, type Step } from './faults.js'
import { rejectedRows } from './judge.js'
import type { MigrationOptions } from './migration.js'
import type { Random } from './random.js'
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

/** The processes of one migration, and the faults that meet them. */
export class Processes {
  readonly happened: string[] = []
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

  constructor(around: MigrationPlace) {
    this.#around = around
    this.#checkpoint = join(around.dir, '.etl', 'torture', 'checkpoint.json')
    this.#older = join(around.dir, 'older-checkpoint.json')
  }

  /** From an act's first process to its last. @returns whether it is over, and what went wrong beside the data */
  async go(act: Act): Promise<{ readonly over: boolean; readonly problems: readonly string[] }> {
    this.#act = act
    this.#before = new Set(await this.#runs())
    this.#done = false
    this.#resume = false
    rmSync(this.#older, { force: true })
    this.#around.log?.(`--- ${act.kind}`)
    for (const { fault, damage } of act.steps) {
      await this.#with(fault)
      if (this.#done) return { over: true, problems: [] }
      this.#damage(damage)
    }
    let told = ''
    for (let left = CLEAN_RUNS; left > 0; left--) {
      const result = await this.#end(this.#start(undefined))
      if (this.#learn(result)) return { over: true, problems: codeProblems(act, result) }
      told = firstError(result)
      // What is still in the way of a clean start: a server that recovers, a lock of a process that is gone.
      if (result.code !== 0 && result.code !== 3 && !/E503|E504|E505|E301|E307|E306/.test(told)) {
        return { over: false, problems: [`a process without any fault failed: ${told}`] }
      }
      await sleep(300)
    }
    return { over: false, problems: [`not over after ${CLEAN_RUNS} processes without a fault: ${told}`] }
  }

  /** In the ledger, which the first act creates. */
  async #runs(): Promise<string[]> {
    if (this.#act.kind === 'run') return []
    return (await this.#around.fresh.rows('select run_id from etl_run order by started_at')).map(String)
  }

  /** What a process of the act is started with. */
  #args(): string[] {
    const { scenario } = this.#around
    const { kind, loads } = this.#act
    const more = ['--json', '--concurrency', String(scenario.concurrency)]
    if (kind === 'retry') return ['quarantine', 'retry', 'pipeline.yaml', String([...this.#before][0]), ...more]
    const chosen = kind === 'again' ? loads.flatMap(({ name }) => ['--entity', name]) : []
    const how = this.#takeOver ? ['--take-over'] : this.#resume ? ['--resume'] : []
    this.#takeOver = false
    return ['run', 'pipeline.yaml', '--yes', ...more, ...chosen, ...how]
  }

  #note(fault: string): void {
    const { kind } = this.#act
    this.happened.push(kind === 'run' ? fault : `${kind === 'retry' ? 'retry' : 'second run'}: ${fault}`)
  }

  #damage(damage: Step['damage']): void {
    const { random, log } = this.#around
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

  async #end(started: StartedEtl): Promise<EtlResult> {
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
    if (result.code === 0 || result.code === 3) {
      // Nothing was begun yet, and the run before is complete.
      this.#done = this.#act.kind === 'retry' || !this.#before.has(runIdOf(result))
      this.#resume = false
      return this.#done
    }
    if (/E512/.test(error) && !this.#frozen) throw new Error(`a dead process was not taken over: ${result.stderr}`)
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
      case 'kill -9 and take-over': {
        const result = await this.#end(this.#start(fault.failpoint))
        hit = result.signal === 'SIGKILL'
        this.#learn(result)
        this.#takeOver = hit
        break
      }
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
    if (hit) this.#note(fault.kind)
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

  /**
   * The process is frozen: its connections end, or it has been silent for long, or both. Another one goes on, by right or
   * in vain; then the frozen one wakes up.
   */
  async #freeze(fault: Extract<Fault, { kind: 'SIGSTOP and take-over' }>): Promise<void> {
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
    this.#note(fault.kind)
    const wasResume = this.#resume
    this.#resume = true
    this.#takeOver = fault.silent
    this.#frozen = true
    if (fault.silent) await silence(fresh)
    if (fault.forgotten) await fresh.forget()
    const second = await this.#end(this.#start(undefined))
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
    const woken = await this.#end(frozen)
    const over = this.#learn(second)
    this.#frozen = false
    if (over) return
    this.#resume = wasResume
    this.#learn(woken)
  }
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
  const left =
    kind === 'retry'
      ? entities.some(({ counts, mended }) => rejectedRows(counts) > (mended?.closed ?? 0))
      : loads.some(({ counts }) => rejectedRows(counts) > 0)
  const wanted = left ? 3 : 0
  return code === wanted ? [] : [`the last process ended with ${code}, not ${wanted}`]
}
