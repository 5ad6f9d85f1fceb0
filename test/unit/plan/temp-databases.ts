import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { PipelineError } from '../../../src/core/errors.js'
import { loadPipeline } from '../../../src/load/load.js'
import type { Pipeline } from '../../../src/load/pipeline.js'
import type { PlanOptions } from '../../../src/plan/compile.js'
import { compilePlan } from '../../../src/plan/compile.js'
import type { Databases } from '../../../src/plan/open.js'
import { openDatabases } from '../../../src/plan/open.js'
import type { Plan } from '../../../src/plan/plan.js'

export interface Given {
  /** SQL that makes the source `crm`. */
  readonly source?: string
  /** SQL that makes the target. */
  readonly target?: string
  /** The file from `entities:` on; every line is one of it. */
  readonly entities: string
  /** What stands before `entities:`. */
  readonly head?: string
}

const HEAD = `version: 1
name: p
sources: { crm: { type: sqlite, path: source.db } }
target: { type: sqlite, path: target.db }
`

/** A pipeline file and real databases in a folder of their own, open while `work` runs. */
export async function withPipeline<T>(
  given: Given,
  work: (pipeline: Pipeline, databases: Databases) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'plan-'))
  try {
    create(join(dir, 'source.db'), given.source)
    create(join(dir, 'target.db'), given.target)
    const file = join(dir, 'p.yaml')
    writeFileSync(file, `${HEAD}${given.head ?? ''}entities:\n${given.entities}`)
    const pipeline = await loadPipeline(file, { env: {} })
    const databases = await openDatabases(pipeline, { readOnly: true, applicationName: 'test' })
    try {
      return await work(pipeline, databases)
    } finally {
      await databases.close()
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function create(file: string, sql = ''): void {
  const database = new Sqlite(file)
  database.exec(`pragma user_version = 1; ${sql}`)
  database.close()
}

export function planOf(given: Given, options: PlanOptions = {}): Promise<Plan> {
  return withPipeline(given, (pipeline, databases) => compilePlan(pipeline, databases, options))
}

/** Code, place in the entity, message and hint of every error of a plan that cannot be made. */
export async function errorsOf(given: Given, options: PlanOptions = {}): Promise<(string | undefined)[][]> {
  try {
    await planOf(given, options)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    const errors = error.diagnostics.filter(d => d.severity === 'error')
    return errors.map(d => [d.code, d.path.slice(1).join('.'), d.message, d.hint])
  }
  return []
}
