import { randomBytes } from 'node:crypto'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import type { RehearsalReport, RehearseOptions, SizeReport } from './api.js'
import { namesOf } from './names-of.js'
import { rehearseSize } from './rehearse-size.js'

/** The gravest first. */
const GRAVITY = [143, 130, 5, 2, 1, 4, 3]

/**
 * Runs the pipeline on samples of its source, each in a scratch target of its own: checks, run, full verification, undo and
 * a comparison with what was there before. Neither the sources nor the target are written to; what is written there is a
 * scratch (a file, a schema or a database of its own) that is removed again.
 *
 * @throws EtlError E547 where there is nothing to rehearse in, or nothing to choose rows by
 */
export async function rehearse(pipeline: Pipeline, options: RehearseOptions): Promise<RehearsalReport> {
  const started = Date.now()
  const { sizes, seed = 1, signal = new AbortController().signal } = options
  checkIncluded(pipeline, options)
  const reports: SizeReport[] = []
  for (const size of sizes) {
    if (signal.aborted) break
    reports.push(
      await rehearseSize(pipeline, size, {
        name: `etl_sample_${randomBytes(4).toString('hex')}`,
        seed: String(seed),
        include: options.include ?? [],
        keep: options.keep === true,
        force: options.force === true,
        signal,
        progress: message => options.onProgress?.(`sample ${size}: ${message}`),
      }),
    )
  }
  const codes = signal.aborted ? [130] : reports.map(report => report.exitCode)
  return {
    pipeline: pipeline.spec.name,
    seed,
    exitCode: GRAVITY.find(code => codes.includes(code)) ?? Math.max(0, ...codes),
    sizes: reports,
    ms: Date.now() - started,
  }
}

function checkIncluded(pipeline: Pipeline, { include = [] }: RehearseOptions): void {
  const names = new Set(pipeline.spec.entities.flatMap(({ name }) => namesOf(pipeline, name)))
  const wrong = include.find(({ name }) => !names.has(name))
  if (wrong === undefined) return
  throw new EtlError('E520', `the pipeline reads no \`${wrong.name}\``, {
    kind: 'usage',
    hint: `what it reads: ${[...names].join(', ')}`,
  })
}
