import { connectorNamed } from '../connectors/registry.js'
import { EtlError } from '../core/errors.js'
import type { RunRow } from '../run/run-ledger.js'
import type { PipelineSpec } from '../spec/model.js'
import type { Tally } from './survey.js'

/** Each run makes its files anew, so none is left of what was there before. */
export function refuseFiles({ target }: PipelineSpec): void {
  if (connectorNamed(target.type)?.capabilities.files !== true) return
  throw new EtlError('E536', 'the target is files, which no run is taken back from', {
    kind: 'usage',
    hint: 'remove the files that the run wrote; a file has its name only when it is whole',
  })
}

export function conflictError(
  { runId }: Pick<RunRow, 'runId'>,
  { conflicts, conflicting }: Tally,
  begun: boolean,
): EtlError {
  const lines = conflicts.map(({ table, key, reason, by }) => {
    const name = key.length === 0 ? '(no key)' : key.map(String).join(', ')
    return `  ${table} ${name}: ${reason === 'changed' ? 'changed since' : `${by} refers to it`}`
  })
  const more = conflicting > conflicts.length ? [`  … and ${conflicting - conflicts.length} more`] : []
  return new EtlError(
    'E537',
    [`${conflicting} rows of run ${runId} cannot be taken back:`, ...lines, ...more].join('\n'),
    {
      kind: 'usage',
      hint: `${begun ? 'what was taken back until here stays so' : 'nothing was changed'}; leave them as they are and take back the rest: --skip-conflicts`,
    },
  )
}
