import { pipelineYaml } from '../dataset.js'
import type { Path } from '../path.js'

export const upsert: Path = {
  name: 'upsert',
  limit: 'staging COPY + insert … on conflict by hand',
  goal: 1.4,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const source = { type: 'sqlite', path: await bench.sqlite() }
    const options = { source, target: { type: 'postgres', url }, load: 'upsert' }
    const finished = await bench.finished()
    await bench.freshPostgres()
    await bench.psql(
      `\\copy orders from '${finished}'`,
      "drop table if exists half; create table half as select * from orders where id % 2 = 0; update half set note = 'older'",
    )
    const names =
      'customer email phone status quantity price discount paid ordered_at shipped_on region note weight sku'
    const set = names.split(' ').map(name => `${name} = excluded.${name}`)
    return {
      fresh: async () => {
        await bench.psql('drop table if exists staging')
        await bench.freshPostgres()
        await bench.psql('insert into orders select * from half', 'vacuum analyze orders', 'checkpoint')
      },
      limit: () =>
        bench.psql(
          'create unlogged table staging (like orders)',
          `\\copy staging from '${finished}'`,
          `insert into orders select * from staging on conflict (id) do update set ${set.join(', ')}`,
        ),
      ours: () => bench.etl(pipelineYaml({ ...options, undo: false })),
      also: { 'undo recorded': () => bench.etl(pipelineYaml({ ...options, undo: true })) },
    }
  },
}
