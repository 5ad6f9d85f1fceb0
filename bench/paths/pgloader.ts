import { must } from '../bench.js'
import { pipelineYaml } from '../dataset.js'
import type { Path } from '../path.js'

export const pgloader: Path = {
  name: 'pgloader',
  limit: 'pgloader of the SQLite file, which maps nothing',
  goal: 0.25,
  program: 'pgloader',
  async prepare(bench) {
    const { url } = await bench.postgres()
    const path = await bench.sqlite()
    const yaml = pipelineYaml({ source: { type: 'sqlite', path }, target: { type: 'postgres', url } })
    return {
      fresh: () => bench.freshPostgres(),
      // It makes the table itself, in place of the one that is there.
      limit: () => must('pgloader', ['--quiet', path, url], bench.dir),
      ours: () => bench.etl(yaml),
    }
  },
}
