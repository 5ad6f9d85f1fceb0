import type { Engine, EngineName } from './engines.js'
import { migrate } from './migration.js'
import { Random } from './random.js'
import { keylessPlain } from './scenario.js'
import { addFigure, type Figures } from './table.js'

/** A run of some twenty batches into a table without a key, killed at its first failpoint, its second, and so on to its last. */
export async function everyHit(options: {
  readonly engines: ReadonlyMap<EngineName, Engine>
  readonly targets: readonly EngineName[]
  readonly cli: string
  readonly table: Figures
  readonly say: (line: string) => void
}): Promise<number> {
  const { engines, targets, cli, table, say } = options
  let failures = 0
  for (const target of targets) {
    const entity = keylessPlain(new Random(1), 'only')
    const rows = Math.max(1, Math.floor(entity.counts.read / 20))
    const yaml = entity.yaml
      .filter(line => !line.startsWith('chunks'))
      .map(line => (line.startsWith('batch_size') ? `batch_size: ${rows}` : line))
    const scenario = { source: 'sqlite', target, concurrency: 1, entities: [{ ...entity, yaml }] } as const
    for (let hit = 1; ; hit++) {
      const steps = [{ fault: { kind: 'kill -9 at a failpoint', failpoint: `*:kill@${hit}` } }] as const
      const { happened, lost, doubled, problems } = await migrate({
        seed: hit,
        engines,
        target,
        cli,
        ledger: true,
        scenario,
        steps,
      })
      if (happened.length === 0) break
      addFigure(table, target, 'kill -9 at every failpoint', { points: 1, lost, doubled })
      if (problems.length === 0) continue
      failures++
      say(`FAILED ${target}, hit ${hit}: ${problems.join('; ')}`)
    }
    say(`${target}: every hit done`)
  }
  return failures
}
