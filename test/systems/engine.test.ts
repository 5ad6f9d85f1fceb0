import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import { EngineServer } from '../support/engine-server.js'
import { CLI, resultOf, runEtl } from '../support/etl.js'
import { openSystem } from './open.js'
import { restorelog } from './restorelog/restorelog.js'

test.each(['pg-boss', 'restate'])(
  'workers of %s move a system as one process does: counted, verified and taken back',
  async engine => {
    const at = await openSystem(restorelog)
    const server = await EngineServer.open(engine, CLI, async () => {
      const { config, drop } = await postgres.create('engine')
      return { url: String(config.url), stop: drop }
    })
    const before = await at.state()
    appendFileSync(join(at.dir, 'pipeline.yaml'), '\nengine: { shared: true }\n')
    const run = await server.withWorkers(2, at.dir, at.env, () =>
      runEtl(['run', 'pipeline.yaml', '--yes', '--json', '--engine', server.url], { cwd: at.dir, env: at.env }),
    )
    await server.stop()
    expect(run.code, run.stderr).toBe(3)
    const [entity] = resultOf(run.stdout).entities
    expect(entity?.counts).toMatchObject({ read: 500, inserted: 486, skipped: 13, quarantined: 1 })
    expect((await at.etl('verify')).code).toBe(0)
    expect((await at.etl('undo', 'last', '--yes')).code).toBe(0)
    expect(await at.state()).toBe(before)
  },
)
