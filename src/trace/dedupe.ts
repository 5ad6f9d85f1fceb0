import type { Row } from '../core/row.js'
import { newOutcome } from '../plan/outcome.js'
import type { EntityPlan } from '../plan/plan.js'
import { compileRowProgram, type Duplicates, type ProgramEnv } from '../plan/row-program.js'
import type { OpenSource } from '../run/reading-sessions.js'
import { slices, soundRows } from '../run/source-slices.js'

/** The key of the row that `dedupe` keeps of those that are like this one; the whole source is read for it. */
export async function keptOf(
  { read, program, dedupe }: EntityPlan,
  env: ProgramEnv,
  row: Row,
  open: OpenSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (dedupe === undefined) return undefined
  const run = (rows: readonly Row[], keptInstead: Duplicates['keptInstead']): void =>
    compileRowProgram({ ...program, fields: [] }, read, { ...env, duplicates: { keptInstead } }).run(rows, newOutcome())
  let wanted: string | undefined
  run([row], values => {
    wanted = values
    return undefined
  })
  // It does not get that far: the filter leaves it out, or a let fails.
  if (wanted === undefined) return undefined
  let kept: string | undefined
  const note = (values: string, key: string): undefined => {
    if (values === wanted && (dedupe.keep === 'last' || kept === undefined)) kept = key
  }
  for await (const slice of slices(open, read, { rows: 5000, bytes: 16 * 1024 * 1024 }, signal)) {
    run(soundRows(slice).rows, note)
  }
  return kept
}
