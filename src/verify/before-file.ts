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

/** Rows of the target's tables, counted when `after` was the pipeline's last run. */
interface BeforeFile {
  readonly v: 1
  readonly after: string | null
  readonly tables: Readonly<Record<string, number>>
}

/** Keeps what the target's tables hold, for the run that comes next. */
export async function keepBefore(
  stateDir: string,
  lastRun: string | undefined,
  tables: Readonly<Record<string, number>>,
): Promise<void> {
  const content: BeforeFile = { v: 1, after: lastRun ?? null, tables }
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await writeFileAtomic(fileOf(stateDir), `${JSON.stringify(content)}\n`, { mode: 0o600 })
}

/** What was counted right before a run; undefined where nothing was, or something came between. */
export async function readBefore(
  stateDir: string,
  runId: string,
  { ledger, targets, pipeline }: Known,
): Promise<Readonly<Record<string, number>> | undefined> {
  const text = await readFile(fileOf(stateDir), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { v, after, tables } = JSON.parse(text) as BeforeFile
  if (v !== 1) return undefined
  const runs = await targets.ask(session => ledger.runs.all(session, pipeline))
  const at = runs.findIndex(run => run.runId === runId)
  return (runs[at - 1]?.runId ?? null) === after ? tables : undefined
}

function fileOf(stateDir: string): string {
  return join(stateDir, 'before.json')
}
