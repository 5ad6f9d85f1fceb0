import { join, resolve } from 'node:path'
import { connectors } from '../connectors/registry.js'
import type { Pipeline } from '../load/pipeline.js'
import { checkPipelineDatabases } from './databases.js'
import type { Finding } from './finding.js'
import { checkDrivers, checkFolder, checkTools, checkVersions } from './machine.js'

export interface DoctorReport {
  /** Nothing failed. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

export interface DoctorOptions {
  /** Version of Node, as `process.version` has it. */
  readonly node: string
  /** Where commands are run: looked at where there is no pipeline. */
  readonly cwd: string
  readonly now: () => number
}

/** Looks at this machine, and at all that a pipeline needs, without writing anything. */
export async function examine(pipeline: Pipeline | undefined, options: DoctorOptions): Promise<DoctorReport> {
  const { node, cwd, now } = options
  const types = pipeline && new Set([...Object.values(pipeline.spec.sources), pipeline.spec.target].map(c => c.type))
  const used = connectors.filter(({ name }) => types?.has(name) ?? true)
  const targets = used.filter(({ name }) => pipeline === undefined || name === pipeline.spec.target.type)
  const findings = [
    ...checkVersions(node),
    ...(await checkDrivers(used)),
    ...(await checkTools(pipeline === undefined ? targets : [])),
    ...(await folders(pipeline, cwd)),
    ...(pipeline === undefined ? [] : await checkPipelineDatabases(pipeline, now)),
  ]
  return { ok: findings.every(({ state }) => state !== 'failed'), findings }
}

async function folders(pipeline: Pipeline | undefined, cwd: string): Promise<Finding[]> {
  if (pipeline === undefined) return [await checkFolder('this folder', cwd)]
  const { baseDir, spec } = pipeline
  const state = await checkFolder('state folder', join(resolve(baseDir), '.etl'))
  const { backup } = spec
  const dir = resolve(baseDir, backup.dir)
  return [state, await checkFolder('backup folder', dir)]
}
