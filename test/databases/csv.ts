import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestFiles } from './types.js'

export const files: TestFiles = {
  name: 'csv',
  create: async testId => {
    const baseDir = await mkdtemp(join(tmpdir(), `etl-${testId}-`))
    return {
      target: { type: 'csv', path: 'out' },
      source: { type: 'csv' },
      baseDir,
      fileOf: table => `out/${table}.csv`,
      drop: () => rm(baseDir, { recursive: true, force: true }),
    }
  },
}
