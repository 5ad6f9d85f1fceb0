import { connectorNamed } from '../connectors/registry.js'
import type { ConnectionConfig, Database, OpenOptions } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import type { PipelineSpec } from '../spec/model.js'

/** The opened sources and target of a pipeline. */
export interface Databases {
  readonly sources: ReadonlyMap<string, Database>
  readonly target: Database
  close(): Promise<void>
}

export interface OpenDatabasesOptions {
  /** The target refuses writes too. Sources always do, unless a hook names them. */
  readonly readOnly: boolean
  readonly applicationName: string
}

/** Opens what the pipeline names; when one fails, those already open are closed and the error names the failing one. */
export async function openDatabases(pipeline: Pipeline, options: OpenDatabasesOptions): Promise<Databases> {
  const { spec, baseDir } = pipeline
  const hooked = new Set(
    [spec.hooks, ...spec.entities.map(entity => entity.hooks)]
      .flatMap(hooks => [...hooks.before, ...hooks.after])
      .map(hook => hook.on),
  )
  const opened = new Map<string, Database>()
  const close = async (): Promise<void> => {
    for (const database of opened.values()) await database.close()
  }
  const open = async (name: string, config: ConnectionConfig, readOnly: boolean, create: boolean): Promise<void> => {
    const where = name === '$target' ? 'target' : `source ${name}`
    const { applicationName } = options
    opened.set(name, await openPlaced(config, where, { readOnly, baseDir, applicationName, create }))
  }
  try {
    const all = Object.entries(spec.sources).map(([name, config]) =>
      open(name, config, options.readOnly || !hooked.has(name), false),
    )
    const settled = await Promise.allSettled([...all, open('$target', spec.target, options.readOnly, true)])
    const failed = settled.find(result => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  } catch (error) {
    await close()
    throw error
  }
  const target = opened.get('$target')
  if (target === undefined) throw new EtlError('E901', 'the target was not opened')
  const sources = new Map([...opened].filter(([name]) => name !== '$target'))
  return { sources, target, close }
}

/** Opens the target alone. */
export function openTarget(spec: PipelineSpec, options: OpenOptions): Promise<Database> {
  return openPlaced(spec.target, 'target', options)
}

/** Opens one database; an error says where. */
export async function openPlaced(config: ConnectionConfig, where: string, options: OpenOptions): Promise<Database> {
  try {
    const connector = connectorNamed(config.type)
    if (connector === undefined) throw new EtlError('E901', `no connector ${config.type}`)
    return await connector.open(config, options)
  } catch (error) {
    throw placed(error, where)
  }
}

function placed(error: unknown, where: string): unknown {
  if (!(error instanceof EtlError) || error.where !== undefined) return error
  return new EtlError(error.code, error.message, {
    kind: error.kind,
    where,
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.native === undefined ? {} : { native: error.native }),
  })
}
