import type { Session } from '../core/connector.js'
import type { Row } from '../core/row.js'
import type { EntityPlan } from '../plan/plan.js'
import type { Ledger } from '../run/ledger.js'
import type { OpenSource } from '../run/reading-sessions.js'
import type { CommittedBatch, RowHistory } from '../run/row-history.js'
import { parseCursor } from '../run/source-slices.js'
import type { TracedRun } from './api.js'
import { liesIn } from './find-row.js'

/** Older runs are not looked at. */
const RUNS = 10

export interface HistoryOf {
  readonly pipeline: string
  readonly entity: EntityPlan
  readonly key: string
  /** As the source has it, where it can be asked where a row stands in its order. */
  readonly row: Row | undefined
  readonly open: OpenSource
  readonly session: Session
  readonly ledger: Ledger
  readonly history: RowHistory
  readonly signal: AbortSignal
}

/** What the last runs did with the row. */
export async function runsOf(of: HistoryOf): Promise<readonly TracedRun[]> {
  const { pipeline, entity, key, session, ledger, history } = of
  const noted = new Map(
    (await history.noted(session, pipeline, entity.name, key)).map(one => [one.runId, one] as const),
  )
  const runs = (await ledger.runs.all(session, pipeline)).toReversed()
  const traced: TracedRun[] = []
  for (const { runId, state, startedAt } of runs.slice(0, RUNS)) {
    const note = noted.get(runId)
    const found = note === undefined ? await batchOf(of, runId) : undefined
    if (note === undefined && found === undefined) continue
    traced.push({
      runId,
      state,
      startedAt,
      ...(found === undefined
        ? {}
        : { batch: { number: found.batch, committedAt: found.committedAt, undone: found.undone } }),
      ...(note === undefined
        ? {}
        : {
            noted: {
              batch: note.batch,
              code: note.code,
              ...(note.field === undefined ? {} : { field: note.field }),
              message: note.message,
              policy: note.policy,
              state: note.state,
            },
          }),
    })
  }
  return traced
}

/** The committed batch that the row lies in; the source itself says what comes before what. */
async function batchOf(of: HistoryOf, runId: string): Promise<CommittedBatch | undefined> {
  const { entity, row, open, session, ledger, history, signal } = of
  // What an incremental run read is not told by the order alone.
  if (row === undefined || entity.incremental !== undefined) return undefined
  const batches = await history.batches(session, runId, entity.name)
  const within = (range: { readonly after?: string; readonly until?: string }): Promise<boolean> =>
    liesIn(
      entity.read,
      row,
      {
        ...(range.after === undefined ? {} : { after: parseCursor(range.after) }),
        ...(range.until === undefined ? {} : { until: parseCursor(range.until) }),
      },
      open,
      signal,
    )
  for (const { chunk, lower, upper } of await ledger.chunks(session, runId, entity.name, 'load')) {
    const own = batches.filter(batch => batch.chunk === chunk)
    const last = own.at(-1)
    if (last === undefined) continue
    const bounds = { ...(lower === undefined ? {} : { after: lower }), until: upper ?? last.lastKey }
    if (!(await within(bounds)) || !(await within({ until: last.lastKey }))) continue
    let [low, high] = [0, own.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (await within({ until: own[middle]?.lastKey ?? '' })) high = middle
      else low = middle + 1
    }
    return own[low]
  }
  return undefined
}
