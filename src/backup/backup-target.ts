import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { type BackupResult, makeBackup } from './backup.js'
import { holdLock } from './hold-lock.js'
import { openAlone, touchedTables } from './target.js'

export interface BackupOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (message: string) => void
}

/**
 * Saves the target as `backup:` of the file says: where, how many stay, which tables, encrypted or not. The target is only
 * read; the sources are not opened.
 *
 * @throws EtlError E503 while a run holds the pipeline, E540 where it cannot be made, E545 where the disk has no room
 */
export async function backupTarget(pipeline: Pipeline, options: BackupOptions = {}): Promise<BackupResult> {
  const database = await openAlone(pipeline, true)
  try {
    if (database.connector.capabilities.files !== true && (await database.listTables()).length === 0) {
      throw new EtlError('E540', 'the target has no tables', {
        where: database.identity.label,
        hint: 'there is nothing to save yet; check `target:`',
      })
    }
    const lock = await holdLock(pipeline, database)
    try {
      return await makeBackup({
        pipeline,
        database,
        kind: 'backup',
        tables: pipeline.spec.backup.scope === 'database' ? undefined : touchedTables(pipeline),
        signal: options.signal ?? new AbortController().signal,
        progress: options.onProgress ?? (() => {}),
      })
    } finally {
      await lock.release()
    }
  } finally {
    await database.close()
  }
}
