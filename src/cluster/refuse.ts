import { connectorNamed } from '../connectors/registry.js'
import { EtlError } from '../core/errors.js'
import type { JobOptions } from '../job/api.js'
import type { Pipeline } from '../load/pipeline.js'

/** Throws E562 for what workers on other machines cannot do. */
export function refuseUnsuited({ spec }: Pipeline, options: JobOptions): void {
  if (options.dryRun === true)
    throw unsuited('a dry run', 'leave out --engine: nothing is written, so this process is enough')
  if (options.retry !== undefined) throw unsuited('a retry of rejected rows', 'leave out --engine')
  if (options.expected !== undefined)
    throw unsuited('--plan', 'leave out --plan: workers refuse another pipeline or schema anyway')
  if (spec.ledger === false)
    throw unsuited('`ledger: false`', 'leave it out: without a ledger nobody knows what another worker has done')
  const all = [...Object.entries(spec.sources), ['target', spec.target] as const]
  const capabilitiesOf = (type: string) => connectorNamed(type)?.capabilities
  if (capabilitiesOf(spec.target.type)?.files === true)
    throw unsuited('a target of files', 'load into a database, or leave out --engine')
  const apart = Object.entries(spec.sources).find(([, { type }]) => {
    const { files, sharedSnapshot } = capabilitiesOf(type) ?? {}
    return files !== true && sharedSnapshot !== true
  })
  if (spec.consistency === 'strict' && apart !== undefined)
    throw unsuited(
      `\`consistency: strict\` over ${apart[0]}, which several machines cannot read in one state,`,
      'leave out --engine, or `consistency: strict`',
    )
  const local = all.find(([, { type }]) => capabilitiesOf(type)?.onThisMachine === true)
  if (local === undefined || spec.engine.shared || spec.engine.label !== undefined) return
  throw unsuited(
    `${local[0]}, which lies in local files,`,
    'say `engine: { shared: true }` where all workers have the same files, or `engine: { label: NAME }` for those that do',
  )
}

function unsuited(what: string, hint: string): EtlError {
  return new EtlError('E562', `${what} cannot be handed to workers`, { kind: 'usage', hint })
}
