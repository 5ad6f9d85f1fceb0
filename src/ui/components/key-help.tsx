import type { ReactElement } from 'react'
import { AT_TABLE } from '../navigate.js'
import type { RunState } from '../run-state.js'
import { fitting, usableWidth, type View } from '../view.js'
import { Row } from './row.js'

/** The keys that work now: as many of them as there is room for. */
export function KeyHelp({ state, view }: { readonly state: RunState; readonly view: View }): ReactElement {
  const keys = state.phase === 'stopping' ? STOPPING : keysOf(state, view)
  const line = fitting(keys, usableWidth(view), view.theme.symbols.ellipsis)
  return <Row view={view} line={[{ text: line, tone: 'dim' }]} />
}

const STOPPING = [
  ' [ctrl-c] exit at once; what is committed stays, the run can be resumed',
  ' [ctrl-c] exit at once, still resumable',
  ' [ctrl-c] exit at once',
]

function keysOf(state: RunState, view: View): string[] {
  const { upDown, enter } = view.theme.symbols
  const pause = state.phase === 'finished' ? [] : [state.phase === 'paused' ? '[p] go on' : '[p] pause']
  const stop = state.phase === 'finished' ? [] : ['[q] stop, resumable']
  const { panel } = view.looking ?? AT_TABLE
  const all = {
    table: [...pause, `[${upDown}] select`, `[${enter}] details`, '[l] log', '[?] help', ...stop],
    details: [`[${upDown}] others`, '[esc] back', ...pause, '[l] log', '[?] help', ...stop],
    log: [`[${upDown}] scroll`, '[esc] back', ...pause, '[?] help', ...stop],
    help: ['[esc] back', ...pause, '[l] log', ...stop],
  }[panel]
  const some = all.filter(key => !key.includes('select') && !key.includes('details') && !key.includes('others'))
  const short = some.map(key => key.replace(', resumable', ''))
  const few = short.filter(key => !key.includes('log') && !key.includes('scroll'))
  return [all, all.map(key => key.replace(', resumable', '')), some, short, few].map(keys => ` ${keys.join('  ')}`)
}
