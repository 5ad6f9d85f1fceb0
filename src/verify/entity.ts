import { formatTable } from '../core/catalog.js'
import type { EntityPlan } from '../plan/plan.js'
import type { EntityVerification, VerifyState } from './api.js'
import { compareByHashes } from './by-hashes.js'
import { compareAll, type Position } from './compare.js'
import { type Comparison, planComparison } from './comparison.js'
import type { VerifyContext } from './context.js'
import { type CountedEntity, countEntity } from './counts.js'
import { type Found, nothingFound } from './findings.js'
import { withoutLeftAlone } from './left-alone.js'
import { compareSample, type Sampled } from './sample.js'

/** What is kept of an entity that is under way. */
export interface EntityPosition extends Position {
  readonly entity: string
}

interface Judged {
  readonly found: Found
  readonly comparisons: readonly Comparison[]
  readonly unreadable: number
  /** Rows that the run left out and that have no key. */
  readonly unnamed: number
  /** `load: ignore`: rows that differ, were there before and were left as they were. Undefined where that is not known. */
  readonly leftAlone?: number | undefined
  readonly sampled?: Sampled
  /** Every row was compared by a hash, but for so many. */
  readonly rowsRead?: number
}

/** Proves one entity as far as the level goes. */
export async function verifyEntity(
  context: VerifyContext,
  entity: EntityPlan,
  from: EntityPosition | undefined,
  keep: (position: EntityPosition) => Promise<void>,
): Promise<EntityVerification> {
  const started = context.now()
  const counted = await countEntity(context, entity)
  const judged =
    context.settings.level === 'counts'
      ? undefined
      : await compareRows(context, entity, counted, from, position => keep({ ...position, entity: entity.name }))
  const verdict = judge(context, entity, counted, judged)
  return {
    name: entity.name,
    table: formatTable(entity.write.table),
    ...verdict,
    counts: counted.counts,
    ms: context.now() - started,
  }
}

async function compareRows(
  context: VerifyContext,
  entity: EntityPlan,
  { counts, owned, retried }: CountedEntity,
  from: Position | undefined,
  keep: (position: Position) => Promise<void>,
): Promise<Judged> {
  const { ledger, run, targets } = context
  const left =
    ledger === undefined || run === undefined
      ? { load: new Set<string>(), defer: new Set<string>(), unnamed: 0 }
      : await targets.ask(session => ledger.rejects.left(session, run.runId, entity.name))
  const passes = entity.deferred === undefined ? (['load'] as const) : (['load', 'defer'] as const)
  const { unnamed } = left
  let judged: Judged = { found: nothingFound(), comparisons: [], unreadable: 0, unnamed }
  for (const pass of passes) {
    const comparison = await planComparison(context, entity, pass, left[pass], retried)
    const comparisons = [...judged.comparisons, comparison]
    // Which rows are duplicates is known only to who looks at all of them, and nobody finds a row of a file by its key.
    const { files } = context.target.connector.capabilities
    if (context.settings.level === 'sample' && entity.dedupe === undefined && files !== true) {
      const sampled = await compareSample(context, comparison, counts.source)
      judged = {
        found: joined(judged.found, sampled.found),
        comparisons,
        unreadable: 0,
        unnamed,
        sampled: judged.sampled ?? sampled,
      }
    } else {
      const sizes = { rows: { expected: counts.source, actual: counts.target }, owned }
      const hashed =
        from === undefined && context.settings.hashes ? await compareByHashes(context, comparison, sizes) : undefined
      const { found, unreadable } =
        hashed ??
        (await compareAll(context, comparison, {
          ...sizes,
          from: pass === 'load' && passes.length === 1 ? from : undefined,
          keep: passes.length === 1 ? keep : async () => undefined,
        }))
      judged = {
        found: joined(judged.found, found),
        comparisons,
        unreadable: judged.unreadable + unreadable,
        unnamed,
        ...(hashed === undefined ? {} : { rowsRead: hashed.rowsRead }),
      }
    }
  }
  const [comparison] = judged.comparisons
  if (entity.write.mode !== 'ignore' || judged.found.different === 0 || comparison === undefined) return judged
  const found = await withoutLeftAlone(context, entity, comparison, judged.found)
  return found === undefined ? judged : { ...judged, found, leftAlone: judged.found.different - found.different }
}

function byHashes(rowsRead: number): string {
  const rest = rowsRead === 0 ? '' : `; ${rowsRead.toLocaleString('en-US')} rows in ranges that differ, one by one`
  return `compared by hashes that both databases made of their rows${rest}`
}

/** The second pass looks once more at rows of the first. */
function joined(first: Found, second: Found): Found {
  if (first.equal + first.different + first.missing + first.extra === 0) return second
  return {
    ...first,
    equal: Math.max(0, first.equal - second.different),
    different: first.different + second.different,
    fields: { ...first.fields, ...second.fields },
    allowed: sums(first.allowed, second.allowed),
    differences: [...first.differences, ...second.differences].slice(0, 100),
  }
}

function sums(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const all = { ...a }
  for (const [name, count] of Object.entries(b)) all[name] = (all[name] ?? 0) + count
  return all
}

type Verdict = Omit<EntityVerification, 'name' | 'table' | 'counts' | 'ms'>

function judge(
  context: VerifyContext,
  entity: EntityPlan,
  counted: CountedEntity,
  judged: Judged | undefined,
): Verdict {
  const { counts, inPlace, owned } = counted
  const notes = [...counted.notes]
  const notVerifiable: { column?: string; why: string }[] = []
  let wrong = counts.problems.length > 0
  if (context.run === undefined && context.settings.level === 'counts')
    notVerifiable.push({ why: 'without a ledger only --level full proves anything' })
  const found = judged?.found ?? nothingFound()
  const { equal, different, missing, extra, doubled } = found
  const expected = equal + different + missing
  if (judged !== undefined) {
    for (const { notVerifiable: some } of judged.comparisons) notVerifiable.push(...some)
    const { leftAlone, unnamed, rowsRead } = judged
    if (rowsRead !== undefined) notes.push(byHashes(rowsRead))
    const untouched = entity.write.mode === 'ignore' && leftAlone === undefined ? counts.skipped : 0
    const excusedDifferent = different > 0 && different <= untouched
    const excusedMissing = missing > 0 && missing <= unnamed
    if (excusedDifferent)
      notVerifiable.push({
        why: `${different} rows differ, and ${untouched} were there before the run and left as they were; which is not known: there are too many, or the run did not note what it inserted (\`undo: false\`)`,
      })
    if (excusedMissing)
      notVerifiable.push({
        why: `${missing} rows are missing, and the run left out ${unnamed} that have no key, so that they cannot be told from others`,
      })
    if (leftAlone !== undefined && leftAlone > 0)
      notes.push(`${leftAlone} rows differ that were there before the run, which left them as they were (load: ignore)`)
    const bad =
      (different > 0 && !excusedDifferent) || (missing > 0 && !excusedMissing) || doubled > 0 || judged.unreadable > 0
    if (judged.unreadable > 0)
      notes.push(`${judged.unreadable} rows of the target cannot be read as what their columns say`)
    const whole = expected === counts.inserted + counts.updated || judged.sampled !== undefined
    if (inPlace !== undefined && (bad || !whole)) notVerifiable.push({ why: inPlace })
    else if (bad || (owned && extra > 0)) wrong = true
    if (wrong && entity.write.triggers.length > 0)
      notes.push(`the target has triggers that run for each row: ${entity.write.triggers.join(', ')}`)
    if (wrong && entity.hooks.after.length + context.plan.hooks.after.length > 0)
      notes.push('hooks ran after the rows were loaded, and may have changed them')
  }
  const steps = new Map(judged?.comparisons.flatMap(({ steps: some }) => [...some]) ?? [])
  const state: VerifyState = wrong ? 'mismatch' : notVerifiable.length > 0 ? 'not-verifiable' : 'verified'
  return {
    state,
    ...(judged === undefined
      ? {}
      : {
          rows: {
            expected,
            equal,
            different,
            missing,
            extra: doubled + (owned ? extra : 0),
            other: (owned ? 0 : extra) + (judged.leftAlone ?? 0),
          },
        }),
    ...(judged?.sampled === undefined ? {} : { proves: judged.sampled.proves }),
    ...(judged === undefined || judged.sampled !== undefined
      ? {}
      : { comparedBy: judged.rowsRead === undefined ? 'rows' : 'hashes' }),
    fields: Object.entries(found.fields).map(([column, rows]) => ({ column, step: steps.get(column) ?? '', rows })),
    notVerifiable,
    allowed: Object.entries(found.allowed).map(([rule, values]) => ({ rule, values })),
    differences: found.differences,
    notes,
  }
}
