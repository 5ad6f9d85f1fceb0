import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { Ledger } from '../run/ledger.js'
import type { Sessions } from '../run/sessions.js'

interface Known {
  readonly ledger: Ledger
  readonly targets: Sessions
  readonly pipeline: string
}

type Tables = Readonly<Record<string, number>>

/** Rows of the target's tables, by the pipeline's last run when they were counted; the newest count last. */
type BeforeFile = readonly { readonly after: string | null; readonly tables: Tables }[]

const KEPT = 20

/** Keeps what the target's tables hold, for the run that comes next. */
export async function keepBefore(stateDir: string, lastRun: string | undefined, tables: Tables): Promise<void> {
  const after = lastRun ?? null
  const others = (await readFileOf(stateDir)).filter(one => one.after !== after)
  const content: BeforeFile = [...others, { after, tables }].slice(-KEPT)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await writeFileAtomic(pathOf(stateDir), `${JSON.stringify(content)}\n`, { mode: 0o600 })
}

/** What was counted between a run and the one before it; undefined where nothing was. */
export async function readBefore(
  stateDir: string,
  runId: string,
  { ledger, targets, pipeline }: Known,
): Promise<Tables | undefined> {
  const runs = await targets.ask(session => ledger.runs.all(session, pipeline))
  const last = runs[runs.findIndex(run => run.runId === runId) - 1]?.runId ?? null
  return (await readFileOf(stateDir)).find(({ after }) => after === last)?.tables
}

async function readFileOf(stateDir: string): Promise<BeforeFile> {
  try {
    return JSON.parse(await readFile(pathOf(stateDir), 'utf8')) as BeforeFile
  } catch {
    // Nothing depends on it but how much can be said.
    return []
  }
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'before.json')
}
