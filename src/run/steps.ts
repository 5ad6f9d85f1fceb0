import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { quoteTable } from '../core/sql.js'
import type { EntityPlan } from '../plan/plan.js'
import type { RunContext } from './context.js'
import { retried } from './retried.js'

/**
 * Does something once per run: its mark in the ledger commits with it. A dry run does nothing.
 *
 * @param before what no transaction may hold; done again where the process dies between it and the mark
 */
export async function runStep(
  context: RunContext,
  entity: string,
  step: string,
  index: number,
  work: ((session: Session) => Promise<void>) | undefined,
  before?: () => Promise<void>,
): Promise<void> {
  const { progress, runId, epoch } = context
  if (progress === undefined) return
  const ref = { runId, entity, pass: step, chunk: index, epoch }
  await retried(context, entity, async () => {
    if ((await progress.chunk(ref)).done) return
    await before?.()
    await progress.markDone(ref, undefined, work)
  })
}

/** Everything that is done to the tables before the first row. */
export async function prepareTables(context: RunContext): Promise<void> {
  await createTables(context)
  await context.undo?.prepare(context)
  await emptyTables(context)
}

/** Creates the missing tables that the plan says are to be created, parents first; begins the files of a target of files. */
async function createTables(context: RunContext): Promise<void> {
  for (const { name, write } of context.plan.entities) {
    if (!write.create) continue
    await runStep(context, name, 'create', 0, async session => {
      if (session.startTable !== undefined) return session.startTable(write.table, write.columns, write.replace)
      if ((await context.target.table(write.table)) !== undefined) return
      await session.createTable(write.table, write.newColumns, write.primaryKey)
    })
  }
}

/** `load: replace` empties its tables before anything is loaded: children before parents, each with its mark. */
async function emptyTables(context: RunContext): Promise<void> {
  const { dialect, files } = context.target.connector.capabilities
  // A file is begun anew, and the one that is there gives way when it is whole.
  if (files === true) return
  for (const entity of [...context.plan.entities].reverse()) {
    if (!entity.write.replace) continue
    await runStep(context, entity.name, 'empty', 0, async session => {
      const kept = await context.undo?.keep(session, context, entity)
      try {
        const gone = await session.execute(`delete from ${quoteTable(dialect, entity.write.table)}`)
        if (kept !== undefined && kept !== gone) throw changedMeanwhile(entity)
        await context.progress?.ledger?.identities.forget(session, context.plan.pipeline, entity.name)
      } catch (cause) {
        throw cannotEmpty(entity, cause)
      }
    })
  }
}

/** A file that has all its rows gets its name. */
export async function finishTable(context: RunContext, { name, write }: EntityPlan): Promise<void> {
  if (context.target.connector.capabilities.files !== true) return
  await runStep(context, name, 'finish', 0, async session => session.finishTable?.(write.table))
}

function changedMeanwhile({ name, write }: EntityPlan): EtlError {
  const message = `${formatTable(write.table)} was written by somebody else while it was emptied`
  return new EtlError('E307', message, { kind: 'transient', where: name })
}

function cannotEmpty(entity: EntityPlan, cause: unknown): unknown {
  if (!(cause instanceof EtlError) || cause.kind !== 'row') return cause
  return new EtlError(
    'E418',
    `${formatTable(entity.write.table)} cannot be emptied: other tables still refer to its rows`,
    {
      cause,
      where: entity.name,
      hint: 'load the tables that refer to it with load: replace too, or use load: upsert',
    },
  )
}
