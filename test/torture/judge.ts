import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quarantineFile } from '../../src/run/quarantine.js'
import { type Act, standing } from './acts.js'
import type { Cell, Place } from './engines.js'
import { type CountsModel, type EntityModel, imageRow } from './entities.js'

export interface Verdict {
  readonly lost: number
  readonly doubled: number
  /** Everything that is not as it must be. */
  readonly problems: readonly string[]
}

/**
 * Holds the target against the model after the last of `acts`: rows as a multiset, the ledger's sums, rejected and closed
 * rows, the quarantine, what is left open.
 *
 * @param files false: the values of rejected rows are spread over the folders of workers
 */
export async function judge(
  place: Place,
  acts: readonly Act[],
  dir: string,
  ledger: boolean,
  files = true,
): Promise<Verdict> {
  const problems: string[] = []
  let lost = 0
  let doubled = 0
  for (const entity of acts.at(-1)?.entities ?? []) {
    const left = new Map<string, number>()
    for (const row of entity.expected) left.set(row, (left.get(row) ?? 0) + 1)
    const extra: string[] = []
    for (const row of await place.rows(entity.image)) {
      const text = imageRow(row, entity.decimals)
      const count = left.get(text) ?? 0
      if (count > 0) left.set(text, count - 1)
      else extra.push(text)
    }
    const missing = [...left].filter(([, count]) => count > 0).map(([row]) => row)
    lost += missing.length
    doubled += extra.length
    if (missing.length > 0) problems.push(`${entity.name}: ${missing.length} rows lost, such as ${missing[0]}`)
    if (extra.length > 0) problems.push(`${entity.name}: ${extra.length} rows too many, such as ${extra[0]}`)
  }
  if (ledger) problems.push(...(await ledgerProblems(place, acts, dir, files)))
  problems.push(...(await leftOpen(place)))
  return { lost, doubled, problems }
}

/** Rows that a run lists as rejected. */
export function rejectedRows({ quarantined, unresolved = 0 }: CountsModel): number {
  return quarantined + unresolved
}

async function ledgerProblems(place: Place, acts: readonly Act[], dir: string, files: boolean): Promise<string[]> {
  const there = standing(acts)
  const runs = there.filter(({ kind }) => kind !== 'retry')
  const ids = await place.rows(
    `select run_id from etl_run where state = 'completed' and options not like '%retryOf%' order by started_at, run_id`,
  )
  const ends = [`'completed'`, `'abandoned'`, ...(acts.some(({ kind }) => kind === 'undo') ? [`'undone'`] : [])]
  const states = await place.rows(`select state from etl_run where state not in (${ends.join(', ')})`)
  const unexplained = await place.rows(
    `select count(*) from etl_batch
     where pass = 'load' and rows_read <> inserted + updated + skipped + filtered + deduped + quarantined`,
  )
  const problems: string[] = []
  if (ids.length !== runs.length) problems.push(`${ids.length} completed runs, not ${runs.length}`)
  if (states.length > 0) problems.push(`runs in the ledger: ${states}`)
  if (Number(unexplained[0]?.[0]) > 0) problems.push(`${unexplained} batches with rows unaccounted for`)
  for (const [i, { loads }] of runs.entries()) {
    const runId = String(ids[i]?.[0])
    problems.push(...(await countProblems(place, runId, loads)))
    if (files) problems.push(...quarantineProblems(join(dir, '.etl', 'torture', 'runs', runId), loads))
  }
  const [first] = there
  if (first === undefined) return problems
  const retried = there.some(({ kind }) => kind === 'retry')
  problems.push(...(await closedProblems(place, String(ids[0]?.[0]), first.entities, retried)))
  return problems
}

async function countProblems(place: Place, runId: string, entities: readonly EntityModel[]): Promise<string[]> {
  const sums = await place.rows(
    `select entity, sum(rows_read), sum(inserted) + sum(updated), sum(skipped), sum(filtered), sum(quarantined), sum(deduped)
     from etl_batch where pass = 'load' and run_id = '${runId}' group by entity`,
  )
  const problems: string[] = []
  for (const { name, counts } of entities) {
    const [, ...found] = sums.find(row => row[0] === name) ?? [name, 0, 0, 0, 0, 0, 0]
    const { read, written, skipped, filtered, quarantined, deduped = 0 } = counts
    const wanted = [read, written, skipped, filtered, quarantined, deduped].join(' ')
    const told = found.map(Number).join(' ')
    if (told !== wanted) {
      const names = 'read, written, skipped, filtered, quarantined, deduped'
      problems.push(`${name}: the ledger says ${told} (${names}), not ${wanted}`)
    }
    const [rejects] = await place.rows(
      `select count(*) from etl_reject where entity = '${name}' and policy = 'quarantine' and run_id = '${runId}'`,
    )
    if (Number(rejects?.[0]) !== rejectedRows(counts))
      problems.push(`${name}: etl_reject has ${String(rejects?.[0])} rows, not ${rejectedRows(counts)}`)
  }
  return problems
}

/** What retries have settled: as many rows as were mended, each once; the others are as open as they were. */
async function closedProblems(
  place: Place,
  runId: string,
  entities: readonly EntityModel[],
  retried: boolean,
): Promise<string[]> {
  const count = (rows: readonly (readonly Cell[])[], name: string): number =>
    Number(rows.find(row => row[0] === name)?.[1] ?? 0)
  const closed = await place.rows(`select entity, count(*) from etl_closed where run_id = '${runId}' group by entity`)
  const open = await place.rows(
    `select entity, count(*) from etl_reject
     where run_id = '${runId}' and policy = 'quarantine' and state <> 'closed' group by entity`,
  )
  const written = await place.rows(
    `select entity, sum(inserted) + sum(updated) from etl_batch
     where pass = 'load' and run_id in (select run_id from etl_run where options like '%retryOf%' and state <> 'undone') group by entity`,
  )
  // A killed attempt may have closed rows that were there already; it wrote nothing, so no undo is asked of it.
  const idle = retried
    ? []
    : await place.rows(
        `select entity, count(*) from etl_closed c where run_id = '${runId}'
           and exists (select 1 from etl_run r where r.run_id = c.closed_by and r.state = 'abandoned')
           and not exists (select 1 from etl_batch b where b.run_id = c.closed_by and inserted + updated > 0) group by entity`,
      )
  return entities.flatMap(({ name, counts, mended }) => {
    const [closedRows, writtenRows] = retried ? [mended?.closed ?? 0, mended?.written ?? 0] : [0, 0]
    const wanted = [closedRows, rejectedRows(counts) - closedRows, writtenRows].join(' ')
    const kept = count(idle, name)
    const told = [count(closed, name) - kept, count(open, name) + kept, count(written, name)].join(' ')
    return told === wanted ? [] : [`${name}: retries say ${told} (closed, open, written), not ${wanted}`]
  })
}

function quarantineProblems(runDir: string, entities: readonly EntityModel[]): string[] {
  return entities.flatMap(({ name, counts }) => {
    const file = quarantineFile(runDir, name)
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const lines = text.split('\n').filter(line => line !== '')
    // Duplicates are listed there too.
    const wanted = rejectedRows(counts) + (counts.deduped ?? 0)
    return lines.length === wanted ? [] : [`${name}: the quarantine file has ${lines.length} rows, not ${wanted}`]
  })
}

/** A server needs a moment to notice that a client is gone. */
async function leftOpen(place: Place): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const open = await place.leftOpen()
    if (open.length === 0 || attempt === 50) return open.map(what => `left open: ${what}`)
    await sleep(100)
  }
}
