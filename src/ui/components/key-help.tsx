import type { ReactElement } from 'react'
import type { RunState } from '../run-state.js'
import type { View } from '../view.js'
import { Row } from './row.js'

/** The keys that work now. */
export function KeyHelp({ state, view }: { readonly state: RunState; readonly view: View }): ReactElement {
  const text =
    state.phase === 'stopping'
      ? ' [ctrl-c] exit at once; what is committed stays, the run can be resumed'
      : ` [p] ${state.phase === 'paused' ? 'go on' : 'pause'}  [?] ${view.help === true ? 'close help' : 'help'}  [q] stop, resumable`
  return <Row theme={view.theme} line={[{ text, tone: 'dim' }]} />
}

export function Help({ view }: { readonly view: View }): ReactElement {
  const { symbols: s } = view.theme
  const rows = [
    ` ${s.running} running  ${s.waiting} waiting  ${s.done} done  ${s.warning} done, rows rejected  ${s.failed} failed  ${s.stopped} paused`,
    ' p  stops reading and writing after the batches in work; p again goes on',
    ' q  finishes the batches in work, writes the checkpoint and ends the run',
    '    `etl run --resume` goes on from there; ctrl-c does the same as q',
  ]
  return (
    <>
      {rows.map(text => (
        <Row key={text} theme={view.theme} line={[{ text }]} />
      ))}
    </>
  )
}
