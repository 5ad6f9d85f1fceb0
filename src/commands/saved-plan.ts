import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EtlError } from '../core/errors.js'
import type { Coverage } from '../coverage/coverage.js'
import type { JobOptions } from '../job/api.js'
import type { Plan } from '../plan/plan.js'

/** The file of `etl plan -o`. */
export type SavedPlan = Plan & { readonly coverage?: Coverage }

/**
 * Reads the plan that a run is to follow: what it was made of, what it predicted, and its entities.
 *
 * @throws EtlError E520 where the file holds no plan of this pipeline
 */
export function followPlan(file: string, pipeline: string, cwd: string): JobOptions {
  const plan = readPlan(file, cwd)
  if (plan.pipeline !== pipeline) throw notAPlan(file, `it is a plan of ${plan.pipeline}, not of ${pipeline}`)
  const { fingerprint, fingerprintParts, coverage, entities } = plan
  return {
    expected: { fingerprint, fingerprintParts },
    entities: entities.map(({ name }) => name),
    ...(coverage === undefined ? {} : { coverage }),
  }
}

function readPlan(file: string, cwd: string): SavedPlan {
  let text: string
  try {
    text = readFileSync(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw notAPlan(file, 'it cannot be read', cause)
  }
  try {
    const plan = JSON.parse(text) as Partial<SavedPlan> | null
    const { format, pipeline, fingerprint, fingerprintParts, entities } = plan ?? {}
    if (format === 1 && typeof pipeline === 'string' && typeof fingerprint === 'string' && fingerprintParts && entities)
      return plan as SavedPlan
  } catch (cause) {
    throw notAPlan(file, 'it is no JSON', cause)
  }
  throw notAPlan(file, 'it is something else')
}

function notAPlan(file: string, why: string, cause?: unknown): EtlError {
  return new EtlError('E520', `--plan needs a file of \`etl plan -o\`: ${why}`, {
    kind: 'usage',
    where: file,
    hint: 'make one: `etl plan -o FILE`',
    ...(cause === undefined ? {} : { cause }),
  })
}
