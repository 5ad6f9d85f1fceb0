import { join } from 'node:path'
import { EtlError } from '../core/errors.js'
import { errorData, errorOf } from '../engine/error-data.js'
import type { Delivery, Reach, RemoteEngine, Served, Task } from '../engine/port.js'
import type { LoadOptions, Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import { chunkOf } from '../run/chunk-tasks.js'
import { JoinedRun } from '../run/join-run.js'
import type { KeptSnapshots } from '../run/source-snapshots.js'
import { coordinate } from './coordinate.js'
import { type PipelineRef, refFrom, resolveRef } from './pipeline-ref.js'
import { runTaskOf } from './run-task.js'

/** Connections of a run that nobody asked for a while are given back. */
const IDLE_MS = 15_000
/** Runs that this process leads at a time; they wait most of the time. */
const LEADS = 4

export interface WorkerOptions extends Pick<LoadOptions, 'env' | 'allowCode'> {
  /** The folder below which pipeline files are found, absolute. */
  readonly folder: string
  /** Chunks at a time. */
  readonly concurrency: number
  readonly label?: string
  /** For an engine that calls its workers. */
  readonly reach?: Reach
  /** Names only, never a row's value nor a secret. */
  readonly log: (line: string) => void
}

export interface RunningWorker extends Served {
  /** Tasks in work. */
  readonly active: number
}

/** Takes work of an engine until it is drained. */
export async function startWorker(engine: RemoteEngine, options: WorkerOptions): Promise<RunningWorker> {
  const worker = new Worker(engine, options)
  const { concurrency, label, reach } = options
  const served = await engine.serve(
    { run: (task, delivery) => worker.lead(task, delivery), chunk: (task, delivery) => worker.chunk(task, delivery) },
    {
      concurrency: { run: LEADS, chunk: concurrency },
      ...(label === undefined ? {} : { label }),
      ...(reach === undefined ? {} : { reach }),
    },
  )
  return {
    get active() {
      return worker.active
    },
    drain: async () => {
      await served.drain()
      await worker.close()
    },
  }
}

/** As JSON, with every text in it masked. */
function redacted(value: unknown, redact: (text: string) => string): unknown {
  return JSON.parse(JSON.stringify(value, (_name, part: unknown) => (typeof part === 'string' ? redact(part) : part)))
}

interface Seat {
  readonly run: Promise<JoinedRun>
  users: number
  timer: NodeJS.Timeout | undefined
}

class Worker {
  readonly #engine: RemoteEngine
  readonly #options: WorkerOptions
  readonly #pipelines = new Map<string, Promise<Pipeline>>()
  readonly #seats = new Map<string, Seat>()
  active = 0

  constructor(engine: RemoteEngine, options: WorkerOptions) {
    this.#engine = engine
    this.#options = options
  }

  /** Has a run: plans it, has its chunks done, ends it. */
  lead(task: Task, delivery: Delivery): Promise<unknown> {
    const ref = runTaskOf(task)
    return this.#perform(`run ${task.run}`, ref.pipeline, delivery, pipeline =>
      coordinate({ engine: this.#engine, pipeline, ref, delivery }),
    )
  }

  chunk(task: Task, delivery: Delivery): Promise<unknown> {
    const { entity, chunk, runId } = chunkOf(task)
    const ref = refFrom(task.data)
    return this.#perform(`run ${runId} ${entity} chunk ${chunk}`, ref, delivery, pipeline =>
      this.#inSeat(task, pipeline, run => run.chunk(task, delivery)),
    )
  }

  async close(): Promise<void> {
    for (const seat of this.#seats.values()) {
      clearTimeout(seat.timer)
      await seat.run.then(run => run.close()).catch(() => undefined)
    }
    this.#seats.clear()
  }

  /** What goes into the engine's tables, and into the log, holds no secret of the pipeline. */
  async #perform(
    what: string,
    ref: PipelineRef,
    { attempt }: Delivery,
    work: (pipeline: Pipeline) => Promise<unknown>,
  ): Promise<unknown> {
    const { log } = this.#options
    let redact = (text: string): string => text
    const say = (text: string): void => log(`${what}: ${text}${attempt === 1 ? '' : `, delivery ${attempt}`}`)
    this.active++
    say('begins')
    try {
      const pipeline = await this.#pipeline(ref)
      redact = redactor(pipeline.secrets)
      const result = redacted((await work(pipeline)) ?? null, redact)
      say('done')
      return result
    } catch (error) {
      const data = errorData(error)
      const shown = errorOf(redacted(data, redact)) ?? error
      say(shown instanceof EtlError ? `${shown.code} ${shown.message}` : 'internal error')
      if (!(error instanceof EtlError) && error instanceof Error) log(redact(error.stack ?? error.message))
      throw shown
    } finally {
      this.active--
    }
  }

  #pipeline(ref: PipelineRef): Promise<Pipeline> {
    const key = JSON.stringify(ref)
    let loading = this.#pipelines.get(key)
    if (loading === undefined) {
      const { folder, env, allowCode } = this.#options
      loading = resolveRef(ref, folder, {
        ...(env === undefined ? {} : { env }),
        ...(allowCode === undefined ? {} : { allowCode }),
      })
      this.#pipelines.set(key, loading)
      loading.catch(() => this.#pipelines.delete(key))
    }
    return loading
  }

  /** Chunks of one run share its connections. */
  async #inSeat(task: Task, pipeline: Pipeline, work: (run: JoinedRun) => Promise<unknown>): Promise<unknown> {
    const { runId, epoch } = chunkOf(task)
    const snapshots = (task.data.snapshots ?? {}) as KeptSnapshots
    const key = JSON.stringify([runId, epoch, snapshots])
    const seat = this.#seats.get(key) ?? this.#open(key, pipeline, runId, epoch, snapshots, task)
    clearTimeout(seat.timer)
    seat.users++
    try {
      return await work(await seat.run)
    } finally {
      seat.users--
      if (seat.users === 0) this.#leave(key, seat)
    }
  }

  #open(key: string, pipeline: Pipeline, runId: string, epoch: number, snapshots: KeptSnapshots, { data }: Task): Seat {
    const { batchSize, logic } = data
    const run = JoinedRun.open(pipeline, {
      runId,
      epoch,
      snapshots,
      stateDir: join(pipeline.baseDir, '.etl', pipeline.spec.name),
      ...(typeof batchSize === 'number' ? { batchSize } : {}),
      ...(logic === 'reference' ? { logic } : {}),
      onEvent: event => {
        if (event.type === 'retry') this.#options.log(`${event.entity}: ${event.code}, attempt ${event.attempt}`)
      },
    })
    const seat: Seat = { run, users: 0, timer: undefined }
    this.#seats.set(key, seat)
    run.catch(() => this.#seats.delete(key))
    return seat
  }

  #leave(key: string, seat: Seat): void {
    seat.timer = setTimeout(() => {
      if (seat.users > 0) return
      this.#seats.delete(key)
      void seat.run.then(run => run.close()).catch(() => undefined)
    }, IDLE_MS)
    seat.timer.unref()
  }
}
