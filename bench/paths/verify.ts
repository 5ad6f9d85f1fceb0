import { join } from 'node:path'
import { must } from '../bench.js'
import { pipelineYaml } from '../dataset.js'
import type { Path } from '../path.js'

/** Reads all rows of each table, one after the other, by the connectors' own readers, and does nothing with them. */
const READ = `
  const { connectorNamed } = await import(process.argv[1])
  for (const text of process.argv.slice(2)) {
    const { config, table } = JSON.parse(text)
    const database = await connectorNamed(config.type).open(config, { readOnly: true, baseDir: process.cwd(), applicationName: 'bench' })
    const { columns, primaryKey } = await database.table({ table })
    const session = await database.session({ readOnly: true })
    await session.begin()
    const spec = {
      from: { table: { table } },
      columns: columns.map(({ name, type }) => ({ name, type, decode: false })),
      order: primaryKey.map(name => ({ index: columns.findIndex(column => column.name === name), nullable: false })),
      batchRows: 5000,
      batchBytes: 16777216,
    }
    let rows = 0
    for await (const batch of session.read(spec, new AbortController().signal)) rows += batch.rows.length
    await session.rollback()
    await session.close()
    await database.close()
  }`

export const verify: Path = {
  name: 'verify',
  limit: 'both sides read by the same readers, nothing done with the rows',
  goal: 1.5,
  async prepare(bench) {
    const { url } = await bench.postgres()
    const source = { type: 'sqlite', path: await bench.sqlite() }
    const target = { type: 'postgres', url }
    const folder = join(bench.dir, 'verify')
    await bench.freshPostgres()
    await bench.etl(pipelineYaml({ source, target }), folder)
    const sides = [
      { config: source, table: 'orders' },
      { config: target, table: 'orders' },
    ].map(side => JSON.stringify(side))
    const registry = join(process.cwd(), 'dist/connectors/registry.js')
    const read = (...tables: string[]) =>
      must(process.execPath, ['--input-type=module', '-e', READ, registry, ...tables], process.cwd())
    return {
      fresh: async () => undefined,
      limit: () => read(...sides),
      ours: () => bench.command(['verify', 'pipeline.yaml', '--level', 'full', '--quiet'], folder),
      also: {
        sample: () => bench.command(['verify', 'pipeline.yaml', '--level', 'sample', '--quiet'], folder),
      },
    }
  },
}
