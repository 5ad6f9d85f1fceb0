import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestFiles } from './types.js'

export const files: TestFiles = {
  name: 'jsonl',
  create: async testId => {
    const baseDir = await mkdtemp(join(tmpdir(), `etl-${testId}-`))
    return {
      target: { type: 'jsonl', path: 'out' },
      source: { type: 'jsonl' },
      baseDir,
      fileOf: table => `out/${table}.jsonl`,
      drop: () => rm(baseDir, { recursive: true, force: true }),
    }
  },
}
