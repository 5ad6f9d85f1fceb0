import { pipelineYaml } from '../dataset.js'
import type { Path } from '../path.js'

export const sqliteToPostgres: Path = {
  name: 'sqlite-to-postgres',
  limit: '\\copy of the finished file',
  goal: 1.6,
  async prepare(bench) {
    const source = { type: 'sqlite', path: await bench.sqlite() }
    const target = { type: 'postgres', url: (await bench.postgres()).url }
    const finished = await bench.finished()
    return {
      fresh: () => bench.freshPostgres(),
      limit: () => bench.psql(`\\copy orders from '${finished}'`),
      ours: () => bench.etl(pipelineYaml({ source, target })),
      also: { 'in one range': () => bench.etl(pipelineYaml({ source, target, chunks: 1 })) },
    }
  },
}
