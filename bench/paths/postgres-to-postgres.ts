import { must } from '../bench.js'
import { pipelineYaml, postgresLegacy } from '../dataset.js'
import type { Path } from '../path.js'

export const postgresToPostgres: Path = {
  name: 'postgres-to-postgres',
  limit: 'copy … to stdout | copy … from stdin',
  goal: 1.6,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const { tsv } = await bench.files()
    await bench.psql(postgresLegacy('legacy'), `\\copy legacy from '${tsv}'`, 'vacuum analyze legacy')
    const pipe = `psql '${url}' -qc 'copy legacy to stdout' | psql '${url}' -qc 'copy copied from stdin'`
    const source = { type: 'postgres', url }
    const options = { source, target: source, from: 'legacy' }
    return {
      fresh: async () => {
        await bench.psql(postgresLegacy('copied'))
        await bench.freshPostgres()
      },
      limit: () => must('sh', ['-c', pipe]),
      ours: () => bench.etl(pipelineYaml(options)),
      also: { 'in one range': () => bench.etl(pipelineYaml({ ...options, chunks: 1 })) },
    }
  },
}
