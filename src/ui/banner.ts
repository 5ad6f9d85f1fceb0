import type { RunEvent } from '../run/events.js'
import { formatCount, plural, printable } from './format.js'
import type { Theme } from './theme.js'

/** What a resumed run has behind it and where it goes on. */
export function resumeBanner(event: RunEvent & { type: 'run_started' }, theme: Theme): string {
  const done = event.entities.filter(entity => entity.state === 'done')
  const begun = event.entities.filter(entity => entity.state !== 'done' && entity.counts.read > 0)
  const rows = event.entities.reduce((sum, entity) => sum + entity.counts.read, 0)
  const untouched = event.entities.length - done.length - begun.length
  const where = begun.map(entity => `${entity.name} @${formatCount(entity.counts.read)}`).join(', ')
  const { dot, retry } = theme.symbols
  return [
    ` ${retry} Resuming run ${event.runId}`,
    `   done ${done.length} ${dot} resume ${begun.length}${where === '' ? '' : ` (${printable(where)})`}`,
    `   not started ${untouched} ${dot} ${plural(rows, 'row')} read before ${rows === 1 ? 'is' : 'are'} not read again`,
    '',
  ].join('\n')
}
