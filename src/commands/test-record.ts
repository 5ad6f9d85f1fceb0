import type { Pipeline } from '../load/pipeline.js'
import { saveOutput } from './save-output.js'
import type { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

export interface RecordFlags {
  readonly record?: string
  readonly rows?: number
  readonly mask?: boolean
  readonly output?: string
  readonly seed?: number
  readonly json?: boolean
}

/** Writes rows of a source as tests of the mapping. */
export async function testRecord(
  pipeline: Pipeline,
  flags: RecordFlags & { readonly record: string },
  terminal: Terminal,
): Promise<number> {
  const { recordTests } = await import('../index.js')
  const { record: entity, rows = 5, mask, seed, output } = flags
  const recorded = await withSignals(signal =>
    recordTests(pipeline, { entity, rows, mask: mask === true, signal, ...(seed === undefined ? {} : { seed }) }),
  )
  if (flags.json === true) terminal.document(recorded)
  else {
    const { recordedYaml } = await import('../ui/recorded-yaml.js')
    const text = recordedYaml(recorded)
    if (output === undefined) terminal.out(text)
    else saveOutput('the tests', output, text, terminal)
  }
  return 0
}
