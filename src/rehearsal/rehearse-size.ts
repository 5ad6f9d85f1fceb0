import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ChecksFailed, type ChecksResult, worthSaying } from '../checks/result.js'
import { connectorNamed } from '../connectors/registry.js'
import type { Table } from '../core/catalog.js'
import { EtlError, exitCodeOf } from '../core/errors.js'
import type { Scratch } from '../core/scratch.js'
import type { JobResult } from '../job/api.js'
import { startJob } from '../job/job.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { type Databases, openDatabases, openTarget } from '../plan/open.js'
import { NO_COUNTS } from '../run/events.js'
import { LEDGER_TABLES } from '../run/ledger-tables.js'
import { undoRun } from '../undo/undo.js'
import type { Included, SizeReport, UndoVerdict } from './api.js'
import { copiedTables } from './copied-tables.js'
import { sampleEntities } from './entity-sample.js'
import { type Filled, fillScratch } from './fill-scratch.js'
import { inScratch, type Moved, onlySample } from './scratch-pipeline.js'
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
    return { size: this.size, ...this.#told(result, undo), scratch: { ...this.#place(), rows: filled.rows }, undo }
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
    const copy = await openTarget(spec, { readOnly: false, baseDir: original.baseDir, applicationName: 'etl sample' })
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
    const database = await openTarget(spec, { readOnly: true, baseDir, applicationName: 'etl sample' })
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

  #told(result: JobResult | EtlError, undo: UndoVerdict): Omit<SizeReport, 'ms' | 'size' | 'scratch' | 'undo'> {
    const undone = undo.state === 'as-before' ? 0 : undo.state === 'different' ? 4 : 1
    if (result instanceof EtlError) {
      return {
        exitCode: exitCodeOf(result),
        status: 'stopped',
        error: told(result),
        counts: NO_COUNTS,
        entities: [],
        checks: checksOf(result instanceof ChecksFailed ? result.checks : undefined),
        notes: this.#notes,
      }
    }
    const { verification, error, exitCode } = result
    return {
      exitCode: exitCode === 0 || exitCode === 3 ? undone || exitCode : exitCode,
      status: result.status,
      ...(error === undefined ? {} : { error: told(error) }),
      counts: result.counts,
      entities: result.entities.map(({ name, counts }) => ({ name, counts })),
      checks: checksOf(result.checks),
      ...(verification === undefined
        ? {}
        : {
            verification: {
              state: verification.state,
              wrong: verification.entities.filter(({ state }) => state === 'mismatch').map(({ name }) => name),
            },
          }),
      notes: this.#notes,
    }
  }

  #place(): Omit<SizeReport['scratch'], 'rows'> {
    return { label: this.scratch.label, kept: this.options.keep }
  }
}

/** Sources that are the target's own database, seen by the same default schema. */
async function movedOf({ sources, target }: Databases): Promise<Moved> {
  const home = async (database: Databases['target']) => (await database.listTables())[0]?.schema
  const schema = await home(target)
  const same = new Set<string>()
  for (const [name, source] of sources)
    if (source.identity.uid === target.identity.uid && (await home(source)) === schema) same.add(name)
  return { sources: same, home: schema }
}

function namesOf({ spec }: Pipeline, name: string): readonly string[] {
  const from = spec.entities.find(entity => entity.name === name)?.from
  const places = from === undefined ? [] : from.kind === 'union' ? from.members.map(member => member.from) : [from]
  return [name, ...places.flatMap(place => ('table' in place ? [place.table.table] : []))]
}

function checksOf(checks: ChecksResult | undefined): SizeReport['checks'] {
  const outcomes = checks?.outcomes ?? []
  return {
    held: outcomes.filter(({ state }) => state === 'passed').length,
    broken: outcomes
      .filter(worthSaying)
      .map(({ name, severity, count }) => ({ name, severity, ...(count === undefined ? {} : { count }) })),
  }
}

function told({ code, message, hint }: EtlError) {
  return { code, message, ...(hint === undefined ? {} : { hint }) }
}

function notUndone(why: string): UndoVerdict {
  return { state: 'not-undone', why }
}
