import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { PAGE_FILE, type RunRecord } from '../history/record.js'
import { reportPage } from './page.js'

/** Writes the page of a run into its folder, readable by its owner only; gives its path. */
export async function writePage(record: RunRecord, runDir: string): Promise<string> {
  const file = join(runDir, PAGE_FILE)
  await writeFileAtomic(file, reportPage(record), { mode: 0o600 })
  return file
}
