import type { ReactElement } from 'react'
import { totalEta } from '../eta.js'
import { fitText, formatClock, workersText } from '../format.js'
import type { RunState } from '../run-state.js'
import type { Tone } from '../theme.js'
import { formatEta, justify, usableWidth, type View } from '../view.js'
import { Row } from './row.js'

/** Which pipeline, from where to where, for how long already and still. */
export function Header({ state, view }: { readonly state: RunState; readonly view: View }): ReactElement {
  const { theme } = view
  const width = usableWidth(view)
  const elapsed = `elapsed ${formatClock(state.finished?.ms ?? (state.startedAt === undefined ? 0 : view.now - state.startedAt))}`
  const title = ` etl run${state.dryRun ? ' --dry-run' : ''}  ${state.pipeline}`
  const { text, tone } = phase(state, view)
  // What the run is doing matters more than where it reads and writes, and an estimate that comes or goes moves nothing.
  const usual = state.phase !== 'running' ? '' : isNarrow(view) ? 'eta ~00:00' : '2 workers   eta ~00:00'
  const words = Math.max([...text].length, usual.length)
  const room = Math.max(0, width - words - (words === 0 ? 0 : 2))
  const ways = state.startedAt === undefined ? ' starting' : ` ${state.source} ${theme.symbols.arrow} ${state.target}`
  return (
    <>
      <Row
        view={view}
        line={[{ text: justify(title, [`run ${state.runId}   ${elapsed}`, elapsed], width), tone: 'strong' }]}
      />
      <Row
        view={view}
        line={[
          { text: fitText(ways, room, theme.symbols.ellipsis) },
          { text: text.padStart(width - room), ...(tone === undefined ? {} : { tone }) },
        ]}
      />
    </>
  )
}

function phase(state: RunState, view: View): { readonly text: string; readonly tone?: Tone } {
  switch (state.phase) {
    case 'starting':
      return { text: '' }
    case 'paused':
      return { text: 'paused, [p] goes on', tone: 'warn' }
    case 'stopping':
      return { text: 'stopping after the batches in work', tone: 'warn' }
    case 'finished':
      return finished(state)
    case 'running': {
      const eta = totalEta(state, view.now)
      const workers = workersText(state.concurrency)
      if (eta === undefined) return { text: workers }
      return { text: isNarrow(view) ? `eta ~${formatEta(eta)}` : `${workers}   eta ~${formatEta(eta)}` }
    }
  }
}

function isNarrow(view: View): boolean {
  return view.columns < 60
}

const STATUS = {
  ok: { text: 'finished', tone: 'good' },
  quarantined: { text: 'finished, rows rejected', tone: 'warn' },
  failed: { text: 'failed', tone: 'bad' },
  interrupted: { text: 'stopped, resumable', tone: 'warn' },
} as const

const WORKING = { checks: 'checking', backup: 'saving', verify: 'verifying', undo: 'taking back', report: 'reporting' }

/** The run's end and what is done after it. */
function finished({ finished: end, step }: RunState): { readonly text: string; readonly tone?: Tone } {
  if (end === undefined) return { text: '' }
  const { text, tone } = STATUS[end.status]
  if (step?.state === 'started' || step?.state === 'progress') return { text: `${text}, ${WORKING[step.name]}`, tone }
  return { text: step?.name === 'undo' && step.state === 'done' ? `${text}, taken back` : text, tone }
}
