import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { connectorNamed } from '../connectors/registry.js'
import type { Table } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { Scratch } from '../core/scratch.js'
import type { JobResult } from '../job/api.js'
import { startJob } from '../job/job.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { type Databases, openDatabases, openTarget } from '../plan/open.js'
import { LEDGER_TABLES } from '../run/ledger-tables.js'
import { undoRun } from '../undo/undo.js'
import type { Included, SizeReport, UndoVerdict } from './api.js'
import { copiedTables } from './copied-tables.js'
import { sampleEntities } from './entity-sample.js'
import { type Filled, fillScratch } from './fill-scratch.js'
import { type Moved, movedOf } from './moved.js'
import { namesOf } from './names-of.js'
import { outcomeOf } from './outcome.js'
import { inScratch, onlySample } from './scratch-pipeline.js'
import { differing, stateOf } from './state.js'

export interface SizeOptions {
  /** Of the scratch. */
  readonly name: string
  readonly seed: string
  readonly include: readonly Included[]
  readonly keep: boolean
  readonly force: boolean
  readonly signal: AbortSignal
  readonly progress: (message: string) => void
}

/** One sample: scratch, run, undo, comparison. */
export async function rehearseSize(pipeline: Pipeline, size: number, options: SizeOptions): Promise<SizeReport> {
  const started = Date.now()
  const { name, keep } = options
  const { spec, baseDir } = pipeline
  const connector = connectorNamed(spec.target.type)
  if (connector?.scratch === undefined) {
    throw new EtlError('E547', `a ${spec.target.type} target cannot be tried out beside itself`, {
      kind: 'usage',
      hint: 'rehearse with a profile whose target is sqlite, postgres or mysql',
    })
  }
  const dir = join(baseDir, '.etl', spec.name, 'samples', name)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const applicationName = `etl ${spec.name} sample`
  let scratch: Scratch | undefined
  try {
    options.progress('tables')
    scratch = await connector.scratch(spec.target, { name, dir, baseDir, applicationName })
    const report = await new Rehearsal(pipeline, size, scratch, join(dir, 'state'), options).perform()
    return { ...report, ms: Date.now() - started }
  } finally {
    if (!keep) {
      await scratch?.drop()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

class Rehearsal {
  readonly #notes: string[] = []

  constructor(
    private readonly original: Pipeline,
    private readonly size: number,
    private readonly scratch: Scratch,
    private readonly stateDir: string,
    private readonly options: SizeOptions,
  ) {}

  async perform(): Promise<Omit<SizeReport, 'ms'>> {
    const { progress, signal } = this.options
    if (this.scratch.lacks.length > 0) this.#notes.push(`the scratch lacks ${this.scratch.lacks.join(', ')}`)
    const { pipeline, filled, sampled } = await this.#prepare()
    const before = await this.#state(pipeline)
    progress('run')
    const result = await this.#run(onlySample(pipeline, sampled))
    progress('undo')
    const undo = signal.aborted ? notUndone('interrupted') : await this.#undo(pipeline, result, before)
    return {
      size: this.size,
      ...outcomeOf(result, undo),
      notes: this.#notes,
      scratch: { ...this.#place(), rows: filled.rows },
      undo,
    }
  }

  /** The scratch with what the sample needs of the target's own tables, and which rows are read from elsewhere. */
  async #prepare() {
    const { options, size, scratch, original } = this
    const { seed, signal, progress } = options
    const moved = await this.#withOriginal(movedOf)
    const pipeline = inScratch(original, scratch, moved, this.#notes)
    progress('rows')
    const filled = await this.#withOriginal(databases => this.#fill(databases, pipeline, moved))
    const databases = await openDatabases(pipeline, { readOnly: true, applicationName: `etl ${pipeline.spec.name}` })
    try {
      const plan = await compilePlan(pipeline, databases)
      const included = (entity: string): string[] =>
        options.include.filter(({ name }) => namesOf(original, entity).includes(name)).map(({ where }) => where)
      const sampled = await sampleEntities(plan, databases, {
        ...{ size, seed, signal, include: included },
        sampled: new Set(['$target', ...moved.sources]),
      })
      this.#notes.push(...filled.notes, ...sampled.notes)
      return { pipeline, filled, sampled }
    } finally {
      await databases.close()
    }
  }

  async #withOriginal<T>(work: (databases: Databases) => Promise<T>): Promise<T> {
    const applicationName = `etl ${this.original.spec.name} sample`
    const databases = await openDatabases(this.original, { readOnly: true, applicationName })
    try {
      return await work(databases)
    } finally {
      await databases.close()
    }
  }

  async #fill({ target }: Databases, { spec }: Pipeline, moved: Moved): Promise<Filled> {
    const { size, scratch, original, options } = this
    const { seed, signal, include } = options
    const tables: Table[] = []
    for (const ref of await target.listTables()) {
      const table = await target.table(ref)
      if (table?.kind === 'table' && !Object.hasOwn(LEDGER_TABLES, table.table)) tables.push(table)
    }
    const how = copiedTables(original.spec, tables, moved)
    const copy = await openTarget(spec, { readOnly: false, baseDir: original.baseDir, applicationName: 'etl test' })
    try {
      return await fillScratch(target, tables, copy, scratch.config, {
        ...{ size, seed, how, signal },
        include: ({ table }) => {
          const readers = original.spec.entities.filter(({ name }) => namesOf(original, name).includes(table))
          const names = [table, ...readers.map(({ name }) => name)]
          return include.filter(({ name }) => names.includes(name)).map(({ where }) => where)
        },
      })
    } finally {
      await copy.close()
    }
  }

  async #state({ spec, baseDir }: Pipeline): Promise<ReadonlyMap<string, string>> {
    const database = await openTarget(spec, { readOnly: true, baseDir, applicationName: 'etl test' })
    try {
      return await stateOf(database, this.options.signal)
    } finally {
      await database.close()
    }
  }

  /** What kept the run from beginning is part of what the rehearsal found. */
  async #run(pipeline: Pipeline): Promise<JobResult | EtlError> {
    const { force, signal, progress } = this.options
    try {
      const run = await startJob(pipeline, {
        ...{ stateDir: this.stateDir, verify: 'full', undo: true, backup: false, force, signal },
        onEvent: event => {
          if (event.type === 'step' && event.state === 'started') progress(event.step)
        },
      })
      const stop = (): void => run.stop('SIGINT')
      signal.addEventListener('abort', stop, { once: true })
      return await run.result.finally(() => signal.removeEventListener('abort', stop))
    } catch (error) {
      if (error instanceof EtlError) return error
      throw error
    }
  }

  async #undo(
    pipeline: Pipeline,
    result: JobResult | EtlError,
    before: ReadonlyMap<string, string>,
  ): Promise<UndoVerdict> {
    if (!(result instanceof EtlError) && result.undone === undefined) {
      try {
        await undoRun(pipeline, { run: result.runId })
      } catch (error) {
        if (error instanceof EtlError) return notUndone(`${error.code} ${error.message}`)
        throw error
      }
    }
    const tables = differing(before, await this.#state(pipeline))
    return tables.length === 0 ? { state: 'as-before' } : { state: 'different', tables }
  }

  #place(): Omit<SizeReport['scratch'], 'rows'> {
    return { label: this.scratch.label, kept: this.options.keep }
  }
}

function notUndone(why: string): UndoVerdict {
  return { state: 'not-undone', why }
}
