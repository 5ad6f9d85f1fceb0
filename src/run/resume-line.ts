import type { EntityRun } from './entity.js'

/** What a resumed run begins with, for people. */
export function resumeLine(state: string, endedAt: string | undefined, runs: readonly EntityRun[]): string {
  const done = runs.filter(run => run.state === 'done').length
  const begun = runs.filter(run => run.state !== 'done' && run.counts.read > 0)
  const rows = runs.reduce((sum, run) => sum + run.counts.read, 0)
  const how = endedAt === undefined ? 'it did not end by itself' : `${state} ${endedAt}`
  const at = begun.map(run => `${run.plan.name} @${run.counts.read.toLocaleString('en-US')}`).join(', ')
  return `resuming (${how}): done ${done}, resume ${begun.length}${at === '' ? '' : ` (${at})`}, not started ${runs.length - done - begun.length}; ${rows.toLocaleString('en-US')} rows already read are skipped`
}
