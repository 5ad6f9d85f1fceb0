import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EtlError } from '../core/errors.js'
import type { RunRecord } from './record.js'
import { RECORD_FILE } from './write-record.js'

/** The record of a run's folder; undefined where the run has not ended, or a version before this one wrote it. */
export async function readRecord(runDir: string): Promise<RunRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(runDir, RECORD_FILE), 'utf8')) as Partial<RunRecord> | null
    return record?.format === 1 ? (record as RunRecord) : undefined
  } catch {
    return undefined
  }
}

/** Names of the folders that runs have left. */
export async function runFolders(stateDir: string): Promise<string[]> {
  const entries = await readdir(join(stateDir, 'runs'), { withFileTypes: true }).catch(() => [])
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
}

/**
 * The record of the run of this id, of which the first characters are enough, or of the one that ended last.
 *
 * @param run an id, or `last`
 * @throws EtlError E508 of kind `usage` where there is no such run, or it has not ended
 */
export async function findRecord(stateDir: string, run: string): Promise<RunRecord> {
  const names = await runFolders(stateDir)
  const matching = run === 'last' ? names : names.filter(name => name.startsWith(run))
  const found = (await Promise.all(matching.map(name => readRecord(join(stateDir, 'runs', name))))).filter(
    record => record !== undefined,
  )
  if (run !== 'last' && matching.length > 1 && !matching.includes(run))
    throw refused(`several runs begin with ${run}: ${matching.join(', ')}`, stateDir)
  const record = run === 'last' ? newest(found) : (found.find(({ runId }) => runId === run) ?? found[0])
  if (record !== undefined) return record
  throw refused(
    matching.length === 0
      ? run === 'last'
        ? 'there has been no run'
        : `there is no run ${run}`
      : `${run === 'last' ? 'no run' : `run ${run}`} has ended, and a report is written at the end`,
    stateDir,
  )
}

function newest(records: readonly RunRecord[]): RunRecord | undefined {
  return records.toSorted((a, b) => (a.endedAt < b.endedAt ? -1 : 1)).at(-1)
}

function refused(message: string, where: string): EtlError {
  return new EtlError('E508', message, { kind: 'usage', where, hint: '`etl runs` lists them' })
}
