import type { ReactElement } from 'react'
import { totalEta } from '../eta.js'
import { formatClock, plural } from '../format.js'
import type { RunState } from '../run-state.js'
import { formatEta, justify, usableWidth, type View } from '../view.js'
import { Row } from './row.js'

/** Which pipeline, from where to where, for how long already and still. */
export function Header({ state, view }: { readonly state: RunState; readonly view: View }): ReactElement {
  const { theme } = view
  const width = usableWidth(view)
  const elapsed = state.finished?.ms ?? (state.startedAt === undefined ? 0 : view.now - state.startedAt)
  const title = ` etl run${state.dryRun ? ' --dry-run' : ''}  ${state.pipeline}`
  const ways = state.startedAt === undefined ? '' : ` ${state.source} ${theme.symbols.arrow} ${state.target}`
  return (
    <>
      <Row
        theme={theme}
        line={[{ text: justify(title, `run ${state.runId}   elapsed ${formatClock(elapsed)}`, width), tone: 'strong' }]}
      />
      <Row theme={theme} line={[{ text: justify(ways || ' starting', phase(state, view), width) }]} />
    </>
  )
}

function phase(state: RunState, view: View): string {
  switch (state.phase) {
    case 'starting':
      return ''
    case 'paused':
      return 'paused, [p] goes on'
    case 'stopping':
      return 'stopping after the batches in work'
    case 'finished':
      return state.finished?.status ?? ''
    case 'running': {
      const eta = totalEta(state, view.now)
      const workers = plural(state.concurrency, 'worker')
      return eta === undefined ? workers : `${workers}   eta ~${formatEta(eta)}`
    }
  }
}
