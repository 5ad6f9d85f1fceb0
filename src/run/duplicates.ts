import { openKeyTally } from '../connectors/sqlite/key-tally.js'
import { newOutcome } from '../plan/outcome.js'
import { compileRowProgram, type Duplicates, type ProgramEnv } from '../plan/row-program.js'
import type { ProduceJob } from './produce-job.js'
import type { OpenSource } from './reading-sessions.js'
import { parseCursor, slices, soundRows } from './source-slices.js'

const SCAN_ROWS = 5000
const SCAN_BYTES = 16 * 1024 * 1024

/**
 * Knows which rows of a job are duplicates of others. It depends on the source and on where the job begins, and on nothing
 * else: a job that begins anew in the middle decides as the one before it did. For `keep: first` it looks at the rows
 * before the beginning, for `keep: last` at those after it.
 */
export async function openDuplicates(
  open: OpenSource,
  job: Pick<ProduceJob, 'read' | 'program' | 'dedupe' | 'after' | 'limit' | 'scratch'>,
  env: Omit<ProgramEnv, 'duplicates'>,
  signal: AbortSignal,
): Promise<(Duplicates & { close(): void }) | undefined> {
  const { read, dedupe, after, limit, scratch } = job
  if (dedupe === undefined) return undefined
  const { keep } = dedupe
  const program = { ...job.program, fields: [] }
  const tally = await openKeyTally(scratch)
  const scan = async (range: { readonly after?: string; readonly until?: string; readonly limit?: number }) => {
    const duplicates: Duplicates = {
      keptInstead: (values, key) => {
        if (keep === 'first') tally.first(values, key)
        else tally.note(values, key)
        return key
      },
    }
    const look = compileRowProgram(program, read, { ...env, duplicates })
    const options = {
      rows: SCAN_ROWS,
      bytes: SCAN_BYTES,
      ...(range.after === undefined ? {} : { after: parseCursor(range.after) }),
      ...(range.until === undefined ? {} : { until: parseCursor(range.until) }),
      ...(range.limit === undefined ? {} : { limit: range.limit }),
    }
    for await (const slice of slices(open, read, options, signal)) look.run(soundRows(slice).rows, newOutcome())
  }
  try {
    if (keep === 'last')
      await scan({ ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) })
    else if (after !== undefined) await scan({ until: after })
  } catch (error) {
    tally.close()
    throw error
  }
  return {
    keptInstead: (values, key) => {
      if (keep === 'first') return tally.first(values, key)
      const { left, owner } = tally.take(values)
      return left === 0 ? undefined : owner
    },
    close: () => tally.close(),
  }
}
