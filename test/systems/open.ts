import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { type EtlResult, runEtl, temporaryFolder } from '../support/etl.js'
import { Random } from '../support/random.js'
import type { Built, Place, ServerDatabase, System } from './system.js'

/** A system as it stands before its migration, and the command line run in its folder. */
export interface OpenSystem extends Built {
  readonly dir: string
  /** The first PostgreSQL database that was asked for. */
  readonly server: ServerDatabase
  etl(...args: string[]): Promise<EtlResult>
}

const open: { drop(): Promise<void> }[] = []
afterAll(() => Promise.all(open.splice(0).map(each => each.drop())))

/** @param build another way to build it. Default: the system's own */
export async function openSystem(
  system: System,
  scale = 1,
  build: (place: Place) => Promise<Built> = place => system.build(place),
): Promise<OpenSystem> {
  const dir = temporaryFolder()
  const servers: TestSchema[] = []
  const built = await build({
    dir,
    random: new Random(1),
    scale,
    database: async () => {
      const schema = await postgres.create(system.name)
      open.push(schema)
      servers.push(schema)
      return { url: String(schema.config.url), exec: schema.exec, rows: schema.rows }
    },
  })
  if (built.close !== undefined) open.push({ drop: built.close })
  copyFileSync(join('pipelines', `${system.name}.yaml`), join(dir, 'pipeline.yaml'))
  return {
    ...built,
    dir,
    get server() {
      const [schema] = servers
      if (schema === undefined) throw new Error(`${system.name} has no PostgreSQL`)
      return { url: String(schema.config.url), exec: schema.exec, rows: schema.rows }
    },
    etl: (...args) => runEtl([...args, 'pipeline.yaml'], { cwd: dir, env: built.env }),
  }
}
