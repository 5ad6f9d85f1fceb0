import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { quoteNames, quoteTable } from '../core/sql.js'
import { transaction } from '../run/sessions.js'
import { IDENTITY_COLUMNS } from '../run/undo-tables.js'
import type { UndoEntity } from './scope.js'
import type { Tally } from './survey.js'
import type { UndoJob } from './units.js'

/** The step of an entity that says its rows are put back, in `etl_chunk`. */
const PUT_BACK = 'put-back'

/** All batches are taken back: replaced tables get their rows, created ones go, and the ledger closes the run. */
export async function finish(
  job: UndoJob,
  tally: Tally,
): Promise<{ readonly tally: Tally; readonly notes: readonly string[]; readonly verified: boolean }> {
  const { scope, targets, epoch } = job
  const { run, ledger, entities } = scope
  const notes: string[] = []
  await targets.write(session =>
    transaction(session, async () => {
      await ledger.runs.fence(session, run.runId, epoch, 'undoing')
      await ledger.identities.forgetRun(session, run.runId)
    }),
  )
  for (const entity of entities) tally.add(entity.name, { putBack: await putBack(job, entity) })
  const verified = await verify(job, tally, notes)
  for (const entity of [...entities].reverse()) {
    if (entity.head.created) tally.add(entity.name, { dropped: await drop(job, entity, notes) })
  }
  for (const { head } of entities) {
    for (const copy of [head.kept, head.keptIdentities]) await dropTable(job, copy)
  }
  await targets.write(session =>
    transaction(session, async () => {
      for (const { name } of entities)
        await ledger.rejects.close(session, { runId: run.runId, entity: name }, 'undone', false)
      await ledger.rejects.reopenAll(session, run.runId)
      // Where rows have versions, an earlier run is told by it which of its rows were put back.
      if (scope.database.connector.capabilities.rowVersion === undefined) await ledger.undo.forget(session, run.runId)
      await ledger.runs.endUndo(session, run.runId, epoch)
    }),
  )
  return { tally, notes, verified }
}

/** Rows that `load: replace` had removed; gives how many. */
async function putBack({ scope, targets, epoch }: UndoJob, { name, head }: UndoEntity): Promise<number> {
  const { run, ledger, database } = scope
  const { dialect } = database.connector.capabilities
  if (head.kept === undefined && head.keptIdentities === undefined) return 0
  const ref = { runId: run.runId, entity: name, pass: PUT_BACK, chunk: 0, epoch }
  const copy = async (session: Session, from: typeof head.table, to: typeof head.table, names: readonly string[]) => {
    const columns = quoteNames(dialect, names)
    const count = await session.execute(
      `insert into ${quoteTable(dialect, to)} (${columns})${dialect.keepIdentity} select ${columns} from ${quoteTable(dialect, from)}`,
    )
    if (count !== (await session.count({ from: { table: from } })))
      throw new EtlError('E511', `not all rows of ${name} could be put back`, { where: name })
    return count
  }
  return targets.write(session =>
    transaction(session, async () => {
      await ledger.runs.fence(session, run.runId, epoch, 'undoing')
      if ((await ledger.progress(session, ref)).done) return 0
      if (head.keptIdentities !== undefined)
        await copy(session, head.keptIdentities, ledger.undo.identityTable(), IDENTITY_COLUMNS)
      const count = head.kept === undefined ? 0 : await copy(session, head.kept, head.table, head.columns)
      await ledger.markDone(session, ref)
      return count
    }),
  )
}

/** Tables whose rows before the run are known must have as many now. */
async function verify({ scope, targets }: UndoJob, tally: Tally, notes: string[]): Promise<boolean> {
  let sound = true
  for (const { name, head, target } of scope.entities) {
    const shared = scope.entities.some(other => other.name !== name && other.target?.label === target?.label)
    if (!head.empty || target === undefined || shared) continue
    const { kept } = head
    const rows = await targets.ask(session => session.count({ from: { table: head.table } }))
    const copied = kept !== undefined && (await scope.database.table(kept)) !== undefined ? kept : undefined
    if (kept !== undefined && copied === undefined) continue
    const before = copied === undefined ? 0 : await targets.ask(session => session.count({ from: { table: copied } }))
    const left = tally.entities.find(({ entity }) => entity === name)?.conflicts ?? 0
    if (rows - left === before) continue
    sound = false
    notes.push(`${target.label} had ${before} rows before the run and has ${rows} now`)
  }
  return sound
}

/** A table that the run made goes when nothing is left in it. */
async function drop(job: UndoJob, { target, children }: UndoEntity, notes: string[]): Promise<boolean> {
  if (target === undefined) return false
  const { targets } = job
  const rows = await targets.ask(session => session.count({ from: { table: target.head.table } }))
  const held = children.length > 0 && (await stillThere(job, children))
  if (rows > 0 || held) {
    notes.push(`${target.label}, which the run made, stays: ${rows > 0 ? `it has ${rows} rows` : 'others refer to it'}`)
    return false
  }
  await dropTable(job, target.head.table)
  return true
}

async function stillThere({ scope }: UndoJob, children: UndoEntity['children']): Promise<boolean> {
  for (const { table } of children) if ((await scope.database.table(table)) !== undefined) return true
  return false
}

async function dropTable({ scope, targets }: UndoJob, table: UndoEntity['head']['table'] | undefined): Promise<void> {
  if (table === undefined || (await scope.database.table(table)) === undefined) return
  const { dialect } = scope.database.connector.capabilities
  await targets.write(session => session.execute(`drop table ${quoteTable(dialect, table)}`))
}
