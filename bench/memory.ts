import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.js'
import { pipelineYaml } from './dataset.js'

const GOAL_MB = 250

/** One run SQLite → PostgreSQL: its memory second by second, which must stay below the goal and not grow with the rows. */
export async function memory(bench: Bench): Promise<void> {
  const source = { type: 'sqlite', path: await bench.sqlite() }
  const target = { type: 'postgres', url: (await bench.postgres()).url }
  await bench.freshPostgres()
  const run = await bench.etl(pipelineYaml({ source, target }))
  const file = join(bench.dir, `memory-${bench.rows}.tsv`)
  writeFileSync(file, run.secondsMb.map((mb, second) => `${second}\t${mb ?? ''}\n`).join(''))
  console.log(`memory: ${run.seconds.toFixed(0)} s, ${run.cpuSeconds.toFixed(0)} s of processors`)
  console.log(`memory: peak ${run.peakMb} MB (goal < ${GOAL_MB}), medians by quarters ${run.quartersMb.join(', ')} MB`)
  console.log(`memory: every second in ${file}`)
}
