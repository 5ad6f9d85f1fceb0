import { join } from 'node:path'
import { arch, platform, version } from 'node:process'
import writeFileAtomic from 'write-file-atomic'
import { withoutKeys } from '../checks/result.js'
import { formatTable } from '../core/catalog.js'
import { TOOL_VERSION } from '../core/version.js'
import type { JobResult } from '../job/api.js'
import type { Plan } from '../plan/plan.js'
import { fromWords } from '../run/preview.js'
import { stateError } from '../run/quarantine.js'
import { shown } from '../run/result.js'
import { withoutRows } from '../verify/without-rows.js'
import { lineageOf } from './lineage.js'
import type { RunRecord } from './record.js'
import { readTimeline } from './timeline.js'

/** The name of a run's record within its folder. */
export const RECORD_FILE = 'report.json'

/** Puts together what is known of a run that has ended, however it ended. */
export async function recordOf(result: JobResult, plan: Plan, runDir: string): Promise<RunRecord> {
  const { error, entities, checks, verification, undone, ...rest } = result
  const { from, to, ...timeline } = await readTimeline(join(runDir, 'events.ndjson'))
  return {
    format: 1,
    ...rest,
    ...(error === undefined ? {} : { error: shown(error) }),
    ...(checks === undefined ? {} : { checks: { ...checks, outcomes: withoutKeys(checks.outcomes) } }),
    ...(verification === undefined ? {} : { verification: withoutRows(verification) }),
    ...(undone === undefined ? {} : { undone: { ...undone, conflicts: [] } }),
    startedAt: new Date(from).toISOString(),
    endedAt: new Date(to).toISOString(),
    versions: { etl: TOOL_VERSION, node: version, platform: `${platform} ${arch}` },
    fingerprint: plan.fingerprint,
    fingerprintParts: plan.fingerprintParts,
    sources: Object.entries(plan.sources).map(([name, { type, label }]) => ({ name, type, label })),
    target: { name: 'target', type: plan.target.type, label: plan.target.label },
    entities: entities.map(({ preview: _, ...entity }) => entity),
    graph: plan.entities.map(({ name, wave, after, read, write, estimatedRows }) => ({
      name,
      wave,
      after,
      load: write.replace ? 'replace' : write.mode,
      from: fromWords(read.from),
      to: formatTable(write.table),
      ...(estimatedRows === undefined ? {} : { estimatedRows }),
    })),
    leftOut: plan.skipped,
    lineage: lineageOf(plan),
    timeline,
  }
}

/**
 * Writes `report.json` into the run's folder, readable by its owner only.
 *
 * @param redact masks secrets: a function's parameter or a constant may hold one
 * @throws EtlError E513 where it cannot be written
 */
export async function writeRecord(
  result: JobResult,
  plan: Plan,
  runDir: string,
  redact: (text: string) => string,
): Promise<void> {
  const file = join(runDir, RECORD_FILE)
  try {
    const text = `${JSON.stringify(await recordOf(result, plan, runDir), null, 2)}\n`
    await writeFileAtomic(file, redact(text), { mode: 0o600 })
  } catch (cause) {
    throw stateError(file, cause)
  }
}
