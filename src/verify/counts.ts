import { formatTable } from '../core/catalog.js'
import type { EntityPlan, Plan, ReadPlan } from '../plan/plan.js'
import { readsOf } from '../plan/plan.js'
import { addCounts, unexplained } from '../run/counts.js'
import type { Counts } from '../run/events.js'
import { NO_COUNTS } from '../run/events.js'
import { slices } from '../run/source-slices.js'
import type { VerifiedCounts } from './api.js'
import { readBefore } from './before-file.js'
import type { VerifyContext } from './context.js'

export interface CountedEntity {
  readonly counts: VerifiedCounts
  readonly notes: readonly string[]
  /** Every row of the target table is this entity's. */
  readonly owned: boolean
  /** Retries have loaded rows that the run rejected. */
  readonly retried: boolean
  /** Why the source is not what the run has read; undefined where it is. */
  readonly inPlace: string | undefined
}

/** Accounts for every row: source, what became of it by the ledger, target. */
export async function countEntity(context: VerifyContext, entity: EntityPlan): Promise<CountedEntity> {
  const { plan, run } = context
  const { table } = entity.write
  const name = formatTable(table)
  const now = await context.targets.ask(session => session.count({ from: { table } }))
  const source = await countSource(context, entity)
  const inPlace = readsWhatIsWritten(plan, entity)
  const ledger = await fromLedger(context, entity)
  const problems: string[] = []
  const notes: string[] = []
  const alone = plan.entities.every(other => other === entity || formatTable(other.write.table) !== name)
  if (run === undefined || ledger === undefined) {
    notes.push('the ledger is switched off: nothing says what became of each row')
    const none = { read: 0, filtered: 0, deduped: 0, quarantined: 0, skipped: 0, inserted: 0, updated: 0 }
    const counts = { source, ...none, target: now, problems }
    return { counts, notes, owned: entity.write.replace && alone, retried: false, inPlace }
  }
  const { counts: all, closed, retried } = ledger
  const later = await laterWriter(context, name)
  const { before, why } = await rowsBefore(context, entity)
  if (inPlace === undefined && source !== all.read)
    problems.push(`the source has ${rows(source)} now, the run read ${rows(all.read)}`)
  if (unexplained(all) !== 0)
    problems.push(`${rows(Math.abs(unexplained(all)))} read are not accounted for in the ledger`)
  if (later !== undefined) notes.push(`run ${later} came after this one: what ${name} holds now is of both`)
  else {
    const inserted = await insertedInto(context, name)
    if (before === undefined) {
      notes.push(why)
      if (now < inserted) problems.push(`${name} holds ${rows(now)}, the run inserted ${rows(inserted)}`)
    } else if (before + inserted !== now)
      problems.push(`${name} holds ${rows(now)}, ${before} before and ${inserted} inserted make ${before + inserted}`)
  }
  const { read, filtered, deduped, quarantined, skipped, inserted, updated } = all
  return {
    counts: {
      source,
      read,
      filtered,
      deduped,
      quarantined: quarantined - closed,
      skipped,
      inserted,
      updated,
      ...(before === undefined ? {} : { before }),
      target: now,
      problems,
    },
    notes,
    retried,
    owned: before === 0 && alone && later === undefined,
    inPlace,
  }
}

function rows(count: number): string {
  return count === 1 ? '1 row' : `${count.toLocaleString('en-US')} rows`
}

/** Rows that the source has now, of those that the run was to read. */
export async function countSource(context: VerifyContext, entity: EntityPlan): Promise<number> {
  const read = context.run === undefined ? entity.read : await context.windows.within(entity, entity.read)
  let count = 0
  for (const part of readsOf(read)) {
    const { from } = part
    if (from.kind === 'rows') count += from.rows.length
    else if (part.window === undefined) {
      const session = await context.snapshots.session(from.source)
      try {
        const place = from.kind === 'table' ? { table: from.table } : { query: from.query }
        count += await session.count({ from: place, ...(part.where === undefined ? {} : { where: part.where }) })
      } finally {
        await session.rollback()
        await session.close()
      }
    } else count += await countWindow(context, part, from.source)
  }
  return Math.min(count, context.run?.options.limit ?? count)
}

async function countWindow(context: VerifyContext, read: ReadPlan, source: string): Promise<number> {
  const session = await context.snapshots.session(source)
  try {
    let count = 0
    const options = { rows: 5000, bytes: 1 << 24 }
    for await (const slice of slices(async () => session, read, options, context.signal)) count += slice.rows.length
    return count
  } finally {
    await session.rollback()
    await session.close()
  }
}

/** What the run and its retries did, and how many rejected rows those have loaded. */
async function fromLedger(
  { ledger, targets, run, retries }: VerifyContext,
  { name }: EntityPlan,
): Promise<{ readonly counts: Counts; readonly closed: number; readonly retried: boolean } | undefined> {
  if (ledger === undefined || run === undefined) return undefined
  return targets.ask(async session => {
    const { counts } = await ledger.totals(session, run.runId, name, 'load')
    const closed = (await ledger.rejects.closed(session, run.runId)).get(name) ?? 0
    let loaded = NO_COUNTS
    for (const retry of retries) loaded = addCounts(loaded, (await ledger.totals(session, retry, name, 'load')).counts)
    const { inserted, updated, skipped } = loaded
    // What a retry loaded was read and quarantined once before.
    return {
      counts: {
        ...counts,
        inserted: counts.inserted + inserted,
        updated: counts.updated + updated,
        written: counts.written + inserted + updated,
        skipped: counts.skipped + skipped,
        quarantined: counts.quarantined - inserted - updated - skipped,
      },
      closed: closed - inserted - updated - skipped,
      retried: closed > 0,
    }
  })
}

/** The first run since that has written to the table. */
async function laterWriter(
  { ledger, targets, plan, later }: VerifyContext,
  table: string,
): Promise<string | undefined> {
  const same = plan.entities.filter(({ write }) => formatTable(write.table) === table)
  for (const run of later) {
    for (const { name } of same) {
      const totals = await targets.ask(async session => ledger?.totals(session, run, name, 'load'))
      if ((totals?.counts.written ?? 0) > 0) return run
    }
  }
  return undefined
}

async function insertedInto(context: VerifyContext, table: string): Promise<number> {
  let inserted = 0
  for (const entity of context.plan.entities) {
    if (formatTable(entity.write.table) !== table) continue
    inserted += (await fromLedger(context, entity))?.counts.inserted ?? 0
  }
  return inserted
}

/** What the table held before the run, where the ledger or a count before it tells. */
async function rowsBefore(
  { ledger, targets, run, stateDir, plan }: VerifyContext,
  entity: EntityPlan,
): Promise<{ readonly before?: number; readonly why: string }> {
  const table = formatTable(entity.write.table)
  const same = plan.entities.filter(({ write }) => formatTable(write.table) === table)
  if (ledger !== undefined && run !== undefined) {
    const empty = await targets.ask(async session => {
      for (const { name } of same)
        for (const step of ['create', 'empty'])
          if ((await ledger.chunks(session, run.runId, name, step)).some(({ done }) => done)) return true
      return false
    })
    if (empty) return { before: 0, why: '' }
    const counted = await readBefore(stateDir, run.runId, { ledger, targets, pipeline: plan.pipeline })
    const before = counted?.[table]
    if (before !== undefined) return { before, why: '' }
  }
  return { why: `what ${table} held before the run is not known: nobody counted it, and the run did not empty it` }
}

/** Reading again what the run has changed gives other rows than it read. */
function readsWhatIsWritten(plan: Plan, entity: EntityPlan): string | undefined {
  for (const { from } of readsOf(entity.read)) {
    if (from.kind === 'rows') continue
    const own = from.source === '$target' || plan.sources[from.source]?.uid === plan.target.uid
    if (!own) continue
    const written = plan.entities
      .map(({ write }) => write.table)
      .find(({ table }) =>
        from.kind === 'table' ? from.table.table === table : from.query.toLowerCase().includes(table.toLowerCase()),
      )
    if (written !== undefined) return `it reads ${formatTable(written)}, which the run has changed since`
  }
  return undefined
}
