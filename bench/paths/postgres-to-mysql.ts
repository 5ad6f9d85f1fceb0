import { MYSQL_FINISHED, pipelineYaml, postgresLegacy } from '../dataset.js'
import type { Path } from '../path.js'

export const postgresToMysql: Path = {
  name: 'postgres-to-mysql',
  limit: 'LOAD DATA LOCAL of the finished file',
  goal: 1.7,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const target = await bench.mysqlDatabase()
    const { tsv } = await bench.files()
    const finished = await bench.finished()
    await bench.psql(postgresLegacy('legacy'), `\\copy legacy from '${tsv}'`, 'vacuum analyze legacy')
    const options = { source: { type: 'postgres', url }, target, from: 'legacy' }
    // PostgreSQL writes booleans as t and f.
    const load = `load data local infile '${finished}' into table orders
      (id, customer, email, phone, status, quantity, price, discount, @paid, ordered_at, shipped_on, region, note, weight, sku) set paid = @paid = 't'`
    return {
      fresh: () => bench.freshMysql(MYSQL_FINISHED),
      limit: () => bench.mysqlClient(load),
      ours: () => bench.etl(pipelineYaml({ ...options, undo: false })),
      also: { 'undo recorded': () => bench.etl(pipelineYaml({ ...options, undo: true })) },
    }
  },
}
