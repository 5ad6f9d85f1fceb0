import type { ReadWindow, Session } from '../core/connector.js'
import { toJson, type Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { EntityPlan, MemberRead, ReadPlan } from '../plan/plan.js'
import { readsOf } from '../plan/plan.js'
import { databaseNamed, type RunContext } from './context.js'
import type { PlannedChunk } from './ledger.js'
import { marksOf, parseMark, placeOf, WINDOW_STEP } from './marks.js'
import type { Prepared as RunPrepared } from './prepare.js'
import { retried } from './retried.js'
import { transaction } from './sessions.js'
import { cursorText, parseCursor } from './source-slices.js'

export interface WindowsOptions extends Pick<RunContext, 'control' | 'emit'> {
  /** Nothing is kept. */
  readonly dryRun: boolean
  readonly warn: (message: string, entity: string) => void
}

/** A window as people read it. */
export interface ShownWindow {
  /** Of a union. */
  readonly member?: string
  readonly column: string
  /** Absent: everything up to the end. */
  readonly after?: string
  /** Absent: the source has no value. */
  readonly until?: string
}

type Prepared = Pick<
  RunPrepared,
  'plan' | 'runId' | 'epoch' | 'databases' | 'snapshots' | 'targets' | 'ledger' | 'limit'
>

/**
 * What incremental entities read: from the mark of the last run that finished the entity to the largest value that the source
 * has when the entity begins. Settled once, before its first row, and kept in the ledger: a resumed run reads the same.
 */
export class Windows {
  readonly #prepared: Prepared
  readonly #options: WindowsOptions
  readonly #settled = new Map<string, Promise<readonly ReadWindow[]>>()

  constructor(prepared: Prepared, options: WindowsOptions) {
    this.#prepared = prepared
    this.#options = options
  }

  /** The windows of an entity's places, in their order; empty where everything is read. */
  of(entity: EntityPlan): Promise<readonly ReadWindow[]> {
    let settled = this.#settled.get(entity.name)
    if (settled === undefined) {
      settled =
        entity.incremental === undefined
          ? Promise.resolve([])
          : retried(this.#options, entity.name, () => this.#settle(entity))
      this.#settled.set(entity.name, settled)
      settled.catch(() => this.#settled.delete(entity.name))
    }
    return settled
  }

  /** The same for people. */
  async shown(entity: EntityPlan): Promise<readonly ShownWindow[]> {
    return (await this.of(entity)).map(({ after, until }, i) => {
      const { member, column } = placeOf(this.#prepared.plan, entity, i)
      return {
        ...(member === '' ? {} : { member }),
        column,
        ...(after === undefined ? {} : { after: String(after) }),
        ...(until === undefined || until === null ? {} : { until: String(until) }),
      }
    })
  }

  /** A read plan of the entity that keeps to its windows. */
  async within(entity: EntityPlan, read: ReadPlan): Promise<ReadPlan> {
    const windows = await this.of(entity)
    if (windows.length === 0) return read
    const { from } = read
    if (from.kind !== 'union') return windowed(read, windows[0])
    const members = from.members.map((member, i) => ({ ...member, read: windowed(member.read, windows[i]) }))
    return { ...read, from: { kind: 'union', members } }
  }

  /** Everything the windows hold is loaded: their ends are the marks of the next run. */
  async complete(entity: EntityPlan): Promise<void> {
    const { ledger, targets, runId, epoch, limit } = this.#prepared
    // Rows beyond a limit are still to be read.
    if (entity.incremental === undefined || ledger === undefined || this.#options.dryRun || limit !== undefined) return
    const windows = await this.of(entity)
    await retried(this.#options, entity.name, () =>
      targets.write(session =>
        transaction(session, async () => {
          await ledger.runs.fence(session, runId, epoch)
          for (const chunk of windows.keys())
            await ledger.markDone(session, { runId, entity: entity.name, pass: WINDOW_STEP, chunk, epoch })
        }),
      ),
    )
  }

  async #settle(entity: EntityPlan): Promise<readonly ReadWindow[]> {
    const { ledger, targets, runId, plan } = this.#prepared
    const { dryRun, warn } = this.#options
    const reads = readsOf(entity.read)
    if (ledger !== undefined && !dryRun) {
      const known = await targets.ask(session => ledger.chunks(session, runId, entity.name, WINDOW_STEP))
      if (known.length > 0) return reads.map((read, i) => this.#stored(entity, read, known[i]))
    }
    const marks = await marksOf({ plan, targets, ledger }, entity)
    const windows: ReadWindow[] = []
    const warnings: string[] = []
    for (const [i, read] of reads.entries())
      windows.push(await this.#newest(entity, read, marks[i]?.value, warning => warnings.push(warning)))
    if (ledger !== undefined && !dryRun) await this.#store(entity, windows)
    for (const warning of warnings) warn(warning, entity.name)
    return windows
  }

  async #store(entity: EntityPlan, windows: readonly ReadWindow[]): Promise<void> {
    const { ledger, targets, runId, epoch, plan } = this.#prepared
    const rows = windows.map(({ after, until }, chunk): PlannedChunk => {
      const of = placeOf(plan, entity, chunk)
      const upper = { ...of, value: toJson(until ?? null) }
      return {
        chunk,
        done: false,
        ...(after === undefined ? {} : { lower: cursorText([after]) }),
        upper: JSON.stringify(upper),
      }
    })
    await targets.write(session =>
      transaction(session, async () => {
        await ledger?.runs.fence(session, runId, epoch)
        await ledger?.insertChunks(session, runId, entity.name, WINDOW_STEP, rows)
      }),
    )
  }

  #stored(entity: EntityPlan, read: MemberRead, row: PlannedChunk | undefined): ReadWindow {
    const after = row?.lower === undefined ? undefined : parseCursor(row.lower)[0]
    return {
      index: read.mark ?? 0,
      inclusive: entity.incremental?.inclusive ?? true,
      ...(after === undefined ? {} : { after }),
      until: row?.upper === undefined ? null : parseMark(row.upper).value,
    }
  }

  /** Asks the source for the largest value that is not below the mark, and whether rows have none. */
  async #newest(
    entity: EntityPlan,
    read: MemberRead,
    after: Value | undefined,
    warn: (message: string) => void,
  ): Promise<ReadWindow> {
    const { from } = read
    const index = read.mark ?? 0
    const column = read.columns[index]
    const inclusive = entity.incremental?.inclusive ?? true
    if (from.kind === 'rows' || column === undefined) return { index, inclusive }
    const { signal } = this.#options.control
    const database = databaseNamed(this.#prepared.databases, from.source)
    const { dialect } = database.connector.capabilities
    const name = quoteName(dialect, column.name)
    const rows = from.kind === 'table' ? quoteTable(dialect, from.table) : `(${from.query}\n) q`
    const where = read.where === undefined ? '' : `(${read.where}\n)`
    // Rows are read in the run's snapshot: what is newer there than here would be taken for read.
    const session = await this.#prepared.snapshots.session(from.source)
    try {
      const query = `select max(${name}) as ${name} from ${rows}${where === '' ? '' : ` where ${where}`}`
      const until = await single(session, query, column, after, signal)
      if (column.nullable) {
        const filter = [...(where === '' ? [] : [where]), `${name} is null`].join(' and ')
        const nulls = await session.count({ from: { query: `select 1 as x from ${rows} where ${filter}` } })
        const [what, are] = nulls === 1 ? ['row', 'is'] : ['rows', 'are']
        const told = after === undefined ? `${are} read by this first run only` : `${are} not read`
        if (nulls > 0) warn(`${nulls} ${what} without ${column.name} ${told}`)
      }
      // Nothing is past the mark, not even what it was taken from: it stays where it is.
      const end = until === undefined ? (after ?? null) : until
      return { index, inclusive, until: end, ...(after === undefined ? {} : { after }) }
    } finally {
      await session.rollback()
      await session.close()
    }
  }
}

/** The one value of the query, as a cursor holds it; undefined where it is below `after`. */
async function single(
  session: Session,
  query: string,
  column: ReadPlan['columns'][number],
  after: Value | undefined,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const spec = {
    from: { query },
    columns: [{ ...column, decode: true }],
    order: [{ index: 0, nullable: true }],
    ...(after === undefined ? {} : { window: { index: 0, after, inclusive: true } }),
    batchRows: 2,
    batchBytes: Number.POSITIVE_INFINITY,
  }
  for await (const { cursor } of session.read(spec, signal)) return cursor[0] ?? null
  return undefined
}

function windowed<R extends ReadPlan>(read: R, window: ReadWindow | undefined): R {
  // The second pass may read other columns than the first.
  return window === undefined ? read : { ...read, window: { ...window, index: read.mark ?? window.index } }
}
