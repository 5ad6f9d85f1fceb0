import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { connectorNamed } from '../connectors/registry.js'
import type { ErrorCode } from '../core/codes.js'
import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { openTarget } from '../plan/open.js'
import type { PipelineSpec } from '../spec/model.js'
import { Ledger } from './ledger.js'
import { type QuarantineLine, quarantineFile, quarantineFolder, type RejectStage } from './quarantine.js'
import { KeptRows } from './reject-kept.js'
import type { Reject } from './reject-ledger.js'
import { Sessions } from './sessions.js'

/** Examples of keys per cause. */
const MOST_KEYS = 5

export interface QuarantineOptions {
  /** Default: the pipeline's last run. */
  readonly run?: string
  readonly entities?: readonly string[]
  /** The rows themselves, with their values where they were kept. */
  readonly rows?: boolean
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
}

/** Rows that were rejected for one reason and are not closed. */
export interface QuarantineCause {
  readonly entity: string
  readonly stage: RejectStage
  readonly field?: string
  readonly code: ErrorCode
  readonly message: string
  readonly rows: number
  /** Source keys of the first few. */
  readonly keys: readonly string[]
  /** The field's column in the target takes no NULL; absent where it does, or where the target could not be asked. */
  readonly notNull?: true
}

export interface QuarantinedRow {
  readonly entity: string
  readonly key?: string
  readonly field?: string
  readonly code: ErrorCode
  readonly message: string
  /** The source row by column name, as it was when it was rejected; undefined where it was not kept. */
  readonly values?: Readonly<Record<string, unknown>>
}

export interface QuarantineReport {
  readonly pipeline: string
  /** Undefined where the pipeline has had no run, or each was taken back. */
  readonly runId?: string
  /** `files`: by what is kept in the run's folder, which does not know of retries. */
  readonly from: 'ledger' | 'files'
  /** Why the ledger was not asked. */
  readonly note?: string
  readonly rows: number
  /** Can they be tried again on their own? Not where the target is files, which each run writes anew, or nothing is in a ledger. */
  readonly retryable: boolean
  /** The most frequent first. */
  readonly causes: readonly QuarantineCause[]
  readonly kept?: readonly QuarantinedRow[]
}

/** Which rows of a run are rejected and why: by the target's ledger, else by the files of the run. */
export async function listQuarantine(pipeline: Pipeline, options: QuarantineOptions = {}): Promise<QuarantineReport> {
  const stateDir = options.stateDir ?? join(pipeline.baseDir, '.etl', pipeline.spec.name)
  const collected = new Collected(options, stateDir)
  const note = await byLedger(pipeline, options, collected).catch((error: unknown) => {
    if (!(error instanceof EtlError) || error.kind === 'usage') throw error
    return `the target cannot be asked (${error.code} ${error.message})`
  })
  if (note === undefined) return collected.report(pipeline, 'ledger')
  // What the ledger told before it failed is not counted again.
  const fromFiles = new Collected(options, stateDir)
  await byFiles(options, fromFiles)
  return { ...fromFiles.report(pipeline, 'files'), note }
}

/** Undefined where the ledger has told; otherwise why it has not. */
async function byLedger(
  { spec, baseDir }: Pipeline,
  options: QuarantineOptions,
  collected: Collected,
): Promise<string | undefined> {
  if (spec.ledger === false) return 'the ledger is switched off'
  const database = await openTarget(spec, {
    readOnly: true,
    baseDir,
    applicationName: `etl ${spec.name} quarantine`,
    create: false,
  })
  const sessions = new Sessions(database, () => database.session({ readOnly: true }))
  try {
    const ledger = new Ledger(database, spec.ledger.schema)
    if (!(await ledger.exists())) return 'the target has no ledger'
    await sessions.ask(session => collect(session, database, ledger, spec.name, options, collected))
    // Only a proposed fix knows less without it.
    await noteNotNull(database, spec, collected).catch(() => undefined)
    return undefined
  } finally {
    await sessions.close()
    await database.close()
  }
}

async function collect(
  session: Session,
  database: Database,
  ledger: Ledger,
  pipeline: string,
  options: QuarantineOptions,
  collected: Collected,
): Promise<void> {
  const { run = 'last' } = options
  const named = await ledger.runs.named(session, pipeline, run)
  if (run !== 'last' && named?.pipeline !== pipeline) {
    throw new EtlError('E508', `${pipeline} has no run ${run} in this target`, {
      kind: 'usage',
      where: database.identity.label,
      hint: 'leave it out for the last run',
    })
  }
  const runId = named?.options.retryOf ?? named?.runId
  if (runId === undefined) return
  collected.runId = runId
  for (const entity of (await ledger.rejects.open(session, runId)).keys()) {
    if (options.entities?.includes(entity) === false) continue
    for (const part of await ledger.rejects.batches(session, { runId, entity })) {
      for (const reject of await ledger.rejects.list(session, part)) await collected.add(reject)
    }
  }
}

/** Which columns that rows failed in take no NULL: nothing that makes one is a way out there. */
async function noteNotNull(database: Database, spec: PipelineSpec, collected: Collected): Promise<void> {
  for (const name of collected.entities) {
    const entity = spec.entities.find(each => each.name === name)
    const table = entity === undefined ? undefined : await database.table(entity.to.table)
    for (const { name: column, nullable } of table?.columns ?? []) {
      if (!nullable) collected.notNull.add(columnName(name, column))
    }
  }
}

function columnName(entity: string, column: string): string {
  return JSON.stringify([entity, column])
}

async function byFiles(options: QuarantineOptions, collected: Collected): Promise<void> {
  const runId =
    (options.run === undefined || options.run === 'last' ? undefined : options.run) ??
    (await lastRun(collected.stateDir))
  if (runId === undefined) return
  collected.runId = runId
  const dir = quarantineFolder(join(collected.stateDir, 'runs', runId))
  for (const name of await readdir(dir).catch(() => [])) {
    for await (const line of new KeptRows(join(dir, name)).lines()) {
      if (line.policy !== 'quarantine' || options.entities?.includes(line.entity) === false) continue
      await collected.add(line)
    }
  }
}

/** The run whose folder changed last. */
async function lastRun(stateDir: string): Promise<string | undefined> {
  const runs = join(stateDir, 'runs')
  let last: { readonly name: string; readonly at: number } | undefined
  for (const name of await readdir(runs).catch(() => [])) {
    const at = (await stat(join(runs, name))).mtimeMs
    if (last === undefined || at > last.at) last = { name, at }
  }
  return last?.name
}

class Collected {
  readonly stateDir: string
  runId: string | undefined
  /** By `columnName`. */
  readonly notNull = new Set<string>()
  readonly #wantRows: boolean
  readonly #causes = new Map<string, { cause: Omit<QuarantineCause, 'rows' | 'keys'>; rows: number; keys: string[] }>()
  readonly #rows: QuarantinedRow[] = []
  readonly #files = new Map<string, KeptRows>()

  constructor(options: QuarantineOptions, stateDir: string) {
    this.stateDir = stateDir
    this.#wantRows = options.rows === true
  }

  get entities(): ReadonlySet<string> {
    return new Set([...this.#causes.values()].map(({ cause }) => cause.entity))
  }

  async add(reject: Reject | QuarantineLine): Promise<void> {
    const { entity, stage, code, message, key } = reject
    const field = reject.field === undefined ? {} : { field: reject.field }
    const cause = { entity, stage, ...field, code, message }
    const text = JSON.stringify(Object.values(cause))
    const known = this.#causes.get(text) ?? { cause, rows: 0, keys: [] as string[] }
    this.#causes.set(text, known)
    known.rows++
    if (key !== undefined && known.keys.length < MOST_KEYS) known.keys.push(key)
    if (!this.#wantRows) return
    const values = 'state' in reject ? await this.#kept(reject) : reject.values
    this.#rows.push({
      entity,
      ...(key === undefined ? {} : { key }),
      ...field,
      code,
      message,
      ...(values === undefined ? {} : { values }),
    })
  }

  report({ spec }: Pipeline, from: 'ledger' | 'files'): QuarantineReport {
    const causes = [...this.#causes.values()].map(({ cause, rows, keys }): QuarantineCause => {
      const notNull = this.notNull.has(columnName(cause.entity, cause.field ?? ''))
      return { ...cause, rows, keys, ...(notNull ? { notNull } : {}) }
    })
    return {
      pipeline: spec.name,
      ...(this.runId === undefined ? {} : { runId: this.runId }),
      from,
      rows: causes.reduce((sum, cause) => sum + cause.rows, 0),
      retryable: from === 'ledger' && connectorNamed(spec.target.type)?.capabilities.files !== true,
      causes: causes.sort((a, b) => b.rows - a.rows),
      ...(this.#wantRows ? { kept: this.#rows } : {}),
    }
  }

  async #kept(reject: Reject): Promise<QuarantineLine['values']> {
    let file = this.#files.get(reject.entity)
    if (file === undefined) {
      file = new KeptRows(quarantineFile(join(this.stateDir, 'runs', this.runId ?? ''), reject.entity))
      this.#files.set(reject.entity, file)
    }
    return (await file.batch(reject)).get(reject.row)?.values
  }
}
