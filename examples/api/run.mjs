// The programming interface: load, plan, run, listen. In your own project: import { … } from 'etl-runner'
import { join } from 'node:path'
import { EtlError, loadPipeline, planPipeline, startRun } from '../../dist/index.js'

const folder = process.argv[2] ?? join(import.meta.dirname, '../first')

try {
  const pipeline = await loadPipeline(join(folder, 'pipeline.yaml'))
  const plan = await planPipeline(pipeline)
  for (const { name, write } of plan.entities) console.log(`${name} goes to ${write.table.table}, load: ${write.mode}`)

  const run = await startRun(pipeline, {
    onEvent: event => {
      if (event.type === 'rejected')
        console.log(`${event.entity}: ${event.rows} rejected, ${event.code} ${event.field}`)
    },
  })
  const { status, counts, error } = await run.result
  console.log(`${status}: ${counts.read} read, ${counts.written} written, ${counts.quarantined} quarantined`)
  if (error !== undefined) throw error
} catch (error) {
  if (!(error instanceof EtlError)) throw error
  console.error(`${error.code} ${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`)
  process.exitCode = 1
}
