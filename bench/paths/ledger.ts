import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipelineYaml } from '../dataset.js'
import type { Path } from '../path.js'

const MEMORY_DISK = '/dev/shm'

/**
 * What exactly once costs. Without a ledger the checkpoint file is synced after every batch, since it is the only memory there
 * is; in a folder of memory that costs nothing, so that the limit is a run that remembers nothing.
 */
export const ledger: Path = {
  name: 'ledger',
  limit: 'the same run without ledger and without a checkpoint on disk',
  goal: 1.05,
  async prepare(bench) {
    if (!existsSync(MEMORY_DISK)) throw new Error(`the bench of the ledger needs ${MEMORY_DISK}`)
    const source = { type: 'sqlite', path: await bench.sqlite() }
    const target = { type: 'postgres', url: (await bench.postgres()).url }
    // Ranges are kept in the ledger: without one there is one.
    const options = { source, target, chunks: 1 }
    return {
      fresh: () => bench.freshPostgres(),
      limit: () => bench.etl(pipelineYaml({ ...options, ledger: false }), join(MEMORY_DISK, 'etl-bench-run')),
      ours: () => bench.etl(pipelineYaml(options)),
    }
  },
}
