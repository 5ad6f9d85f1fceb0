import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Ledger } from '../run/ledger.js'
import { WINDOW_STEP } from '../run/marks.js'
import type { RunRow } from '../run/run-ledger.js'

/** The run that is meant. Throws where there is none, where it is taken back already, and where a later one is in the way. */
export async function runToUndo(session: Session, ledger: Ledger, pipeline: string, name: string): Promise<RunRow> {
  const run = await ledger.runs.named(session, pipeline, name)
  if (run === undefined || run.pipeline !== pipeline) {
    const what = name === 'last' ? `${pipeline} has no run that could be taken back` : `${pipeline} has no run ${name}`
    throw new EtlError('E508', `${what} in this target`, {
      kind: 'usage',
      hint: 'see `etl quarantine` for the last one',
    })
  }
  if (run.state === 'undone')
    throw new EtlError('E525', `run ${run.runId} of ${pipeline} was taken back already`, { kind: 'usage' })
  const mine = await written(session, ledger, run.runId)
  for (const later of await ledger.undo.laterRuns(session, run)) {
    const tables = [...(await written(session, ledger, later))].filter(
      ([table, touches]) => mine.has(table) && (touches || run.state === 'undoing'),
    )
    if (tables.length === 0) continue
    throw new EtlError(
      'E538',
      `run ${later} came after run ${run.runId} and wrote to ${tables.map(([t]) => t).join(', ')} too`,
      {
        kind: 'usage',
        hint: `take that one back first: \`etl undo ${later}\``,
      },
    )
  }
  return run
}

/** Tables that a run wrote to; true where it may have touched rows of earlier runs, or went on from where they ended. */
async function written(session: Session, ledger: Ledger, runId: string): Promise<Map<string, boolean>> {
  const heads = await ledger.undo.tables(session, runId)
  const found = new Map<string, boolean>()
  for (const { entity, inserted, updated } of await ledger.undo.batches(session, runId)) {
    const head = heads.get(entity)
    const table = head === undefined ? entity : formatTable(head.table)
    if (inserted + updated > 0) found.set(table, found.get(table) === true || updated > 0)
  }
  for (const [entity, { table, kept }] of heads) {
    const windows = await ledger.chunks(session, runId, entity, WINDOW_STEP)
    if (kept !== undefined || windows.length > 0) found.set(formatTable(table), true)
  }
  return found
}
