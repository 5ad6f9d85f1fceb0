import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { RunRecord } from '../history/record.js'
import { reportPage } from './page.js'

/** The name of a run's page within its folder. */
export const PAGE_FILE = 'report.html'

/** Writes the page of a run into its folder, readable by its owner only; gives its path. */
export async function writePage(record: RunRecord, runDir: string): Promise<string> {
  const file = join(runDir, PAGE_FILE)
  await writeFileAtomic(file, reportPage(record), { mode: 0o600 })
  return file
}
