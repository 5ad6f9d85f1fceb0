import { resolve } from 'node:path'
import { connectorNamed } from '../connectors/registry.js'
import { formatTable } from '../core/catalog.js'
import type { ConnectionConfig } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { placesOf } from '../plan/source-shape.js'
import { closest } from '../transforms/suggest.js'
import type { Inspection, InspectOptions } from './api.js'
import { inspectDatabase } from './inspect.js'
import { locationOf } from './location.js'

/**
 * Looks at a source of a pipeline, or at its `target`. Of files, those that the pipeline reads are meant.
 *
 * @throws EtlError E520 where the pipeline has no such source
 */
export async function inspectSource(
  { spec, baseDir }: Pipeline,
  name: string,
  options: InspectOptions = {},
): Promise<Inspection> {
  const config = Object.hasOwn(spec.sources, name) ? spec.sources[name] : name === 'target' ? spec.target : undefined
  if (config === undefined) {
    const names = [...Object.keys(spec.sources), 'target']
    const near = closest(name, names)
    const hint = near === undefined ? `its sources are ${names.join(', ')}` : `did you mean ${near}?`
    throw new EtlError('E520', `${spec.name} has no source ${name}`, { kind: 'usage', hint })
  }
  const files = spec.entities
    .flatMap(({ from }) => placesOf(from))
    .flatMap(place => (place.kind === 'table' && place.source === name ? [formatTable(place.table)] : []))
  const isFile = connectorNamed(config.type)?.capabilities.files === true
  return inspectAt(config, baseDir, isFile ? { tables: [...new Set(files)], ...options } : options)
}

/** Looks at what an address names; see `locationOf`. */
export async function inspectUrl(
  url: string,
  { baseDir = '.', ...options }: InspectOptions & { readonly baseDir?: string } = {},
): Promise<Inspection> {
  const { config, dir, table } = locationOf(url)
  return inspectAt(config, resolve(baseDir, dir ?? ''), table === undefined ? options : { tables: [table], ...options })
}

async function inspectAt(config: ConnectionConfig, baseDir: string, options: InspectOptions): Promise<Inspection> {
  const connector = connectorNamed(config.type)
  if (connector === undefined) throw new EtlError('E901', `no connector ${config.type}`)
  const database = await connector.open(config, { readOnly: true, baseDir, applicationName: 'etl inspect' })
  try {
    return await inspectDatabase(database, options)
  } finally {
    await database.close()
  }
}
