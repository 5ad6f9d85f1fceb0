import { must } from '../bench.js'
import { mysqlLegacy, pipelineYaml, postgresLegacy } from '../dataset.js'
import type { Path } from '../path.js'

export const mysqlToPostgres: Path = {
  name: 'mysql-to-postgres',
  limit: 'mysql --quick --batch | \\copy',
  goal: 1.7,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const source = await bench.mysqlDatabase()
    const { tsv } = await bench.files()
    await bench.mysqlClient(mysqlLegacy('legacy'), `load data local infile '${tsv}' into table legacy`)
    const options = { source, target: { type: 'postgres', url }, from: 'legacy' }
    const login = (await bench.mysqlLogin()).join(' ')
    const pipe =
      `mysql ${login} --quick --batch --skip-column-names -e 'select * from legacy'` +
      ` | psql '${url}' -qc "\\copy copied from stdin with (null 'NULL')"`
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
