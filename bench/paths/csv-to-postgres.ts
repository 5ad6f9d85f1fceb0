import { pipelineYaml, postgresLegacy } from '../dataset.js'
import type { Path } from '../path.js'

export const csvToPostgres: Path = {
  name: 'csv-to-postgres',
  limit: '\\copy … with (format csv)',
  goal: 1.6,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const { csv } = await bench.files()
    const source = { type: 'csv', roots: [bench.dir] }
    const options = { source, target: { type: 'postgres', url }, from: { file: csv } }
    return {
      fresh: async () => {
        await bench.psql(postgresLegacy('copied'))
        await bench.freshPostgres()
      },
      limit: () => bench.psql(`\\copy copied from '${csv}' with (format csv, header)`),
      ours: () => bench.etl(pipelineYaml(options)),
      also: { 'in two ranges': () => bench.etl(pipelineYaml({ ...options, chunks: 2 })) },
    }
  },
}
