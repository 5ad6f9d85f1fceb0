import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quarantineFile } from '../../src/run/quarantine.js'
import type { Place } from './engines.js'
import { type EntityModel, imageRow } from './entities.js'

export interface Verdict {
  readonly lost: number
  readonly doubled: number
  /** Everything that is not as it must be. */
  readonly problems: readonly string[]
}

/** Holds the target against the model: rows as a multiset, the ledger's sums, the quarantine, what is left open. */
export async function judge(
  place: Place,
  entities: readonly EntityModel[],
  dir: string,
  ledger: boolean,
): Promise<Verdict> {
  const problems: string[] = []
  let lost = 0
  let doubled = 0
  for (const entity of entities) {
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
  if (ledger) {
    problems.push(...(await ledgerProblems(place, entities)))
    problems.push(...quarantineProblems(entities, dir))
  }
  problems.push(...(await leftOpen(place)))
  return { lost, doubled, problems }
}

async function ledgerProblems(place: Place, entities: readonly EntityModel[]): Promise<string[]> {
  const run = `(select run_id from etl_run where state = 'completed')`
  const sums = await place.rows(
    `select entity, sum(rows_read), sum(inserted) + sum(updated), sum(skipped), sum(filtered), sum(quarantined), sum(deduped)
     from etl_batch where pass = 'load' and run_id in ${run} group by entity`,
  )
  const states = (await place.rows('select state from etl_run order by state')).map(String)
  const problems = states.filter(state => state === 'completed').length === 1 ? [] : [`runs in the ledger: ${states}`]
  for (const { name, counts } of entities) {
    const [, ...found] = sums.find(row => row[0] === name) ?? [name, 0, 0, 0, 0, 0, 0]
    const wanted = [
      counts.read,
      counts.written,
      counts.skipped,
      counts.filtered,
      counts.quarantined,
      counts.deduped ?? 0,
    ].join(' ')
    const told = found.map(Number).join(' ')
    if (told !== wanted)
      problems.push(
        `${name}: the ledger says ${told} (read, written, skipped, filtered, quarantined, deduped), not ${wanted}`,
      )
    const rejects = await place.rows(
      `select count(*) from etl_reject where entity = '${name}' and policy = 'quarantine' and run_id in ${run}`,
    )
    if (Number(rejects[0]?.[0]) !== counts.quarantined)
      problems.push(`${name}: etl_reject has ${String(rejects[0]?.[0])} rows, not ${counts.quarantined}`)
  }
  return problems
}

function quarantineProblems(entities: readonly EntityModel[], dir: string): string[] {
  const runs = join(dir, '.etl', 'torture', 'runs')
  return entities.flatMap(({ name, counts }) => {
    const lines = readdirSync(runs)
      .map(run => quarantineFile(join(runs, run), name))
      .filter(file => existsSync(file))
      .flatMap(file => readFileSync(file, 'utf8').split('\n'))
      .filter(line => line !== '')
    // Duplicates are listed there too.
    const wanted = counts.quarantined + (counts.deduped ?? 0)
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
