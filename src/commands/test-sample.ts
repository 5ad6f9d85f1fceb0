import { InvalidArgumentError } from 'commander'
import type { Pipeline } from '../load/pipeline.js'
import type { Included, RehearsalReport } from '../rehearsal/api.js'
import { positive } from './options.js'
import { saveOutput } from './save-output.js'
import type { Terminal } from './terminal.js'
import { withSignals } from './with-signals.js'

export interface SampleFlags {
  readonly sample?: readonly number[]
  readonly seed?: number
  readonly include?: readonly Included[]
  readonly keep?: boolean
  readonly force?: boolean
  readonly junit?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** `10,50,100`. */
export function sizes(value: string): readonly number[] {
  return value.split(',').map(size => positive(size.trim()))
}

/** `organizations: name = 'Oraseas EE'`. */
export function included(value: string, before: readonly Included[] | undefined): readonly Included[] {
  const [, name, where] = /^\s*([^:\s]+)\s*:\s*(\S.*)$/s.exec(value) ?? []
  if (name === undefined || where === undefined) throw new InvalidArgumentError('It must look like `table: condition`.')
  return [...(before ?? []), { name, where }]
}

/** Rehearses the pipeline on samples and reports. */
export async function testSample(
  pipeline: Pipeline,
  flags: SampleFlags & { readonly sample: readonly number[] },
  terminal: Terminal,
): Promise<number> {
  const { rehearse } = await import('../index.js')
  const { sample, seed, include, keep, force } = flags
  const report = await withSignals(signal =>
    rehearse(pipeline, {
      sizes: sample,
      ...(seed === undefined ? {} : { seed }),
      ...(include === undefined ? {} : { include }),
      keep: keep === true,
      force: force === true,
      signal,
      onProgress: message => terminal.note(message),
    }),
  )
  if (flags.junit !== undefined) saveOutput('the report', flags.junit, await junitOf(report), terminal)
  if (flags.json === true) terminal.document(report)
  else {
    const { rehearsalText } = await import('../ui/rehearsal-text.js')
    terminal.out(rehearsalText(report, terminal.outTheme))
  }
  return report.exitCode
}

async function junitOf({ pipeline, sizes: reports }: RehearsalReport): Promise<string> {
  const { junitXml } = await import('../report/junit.js')
  const cases = (report: RehearsalReport['sizes'][number]) => {
    const { status, error, checks, verification, undo, ms } = report
    const ran = status === 'ok' || status === 'quarantined'
    return [
      { name: 'run', ms, ...(ran ? {} : { failure: error?.message ?? status }) },
      ...checks.broken
        .filter(({ severity }) => severity === 'error' || severity === 'critical')
        .map(({ name }) => ({ name: `check ${name}`, failure: 'does not hold' })),
      verification === undefined
        ? { name: 'verification', skipped: 'the run did not get there' }
        : {
            name: 'verification',
            ...(verification.state === 'mismatch' ? { failure: verification.wrong.join(', ') } : {}),
          },
      { name: 'undo', ...(undo.state === 'as-before' ? {} : { failure: undo.state }) },
    ]
  }
  return junitXml(
    `etl test ${pipeline}`,
    reports.map(report => ({ name: `sample ${report.size}`, cases: cases(report) })),
  )
}
