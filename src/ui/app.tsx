import { type Key, useInput, useStdin } from 'ink'
import type { ReactElement } from 'react'
import { useState } from 'react'
import { Screen } from './components/screen.js'
import { AT_TABLE, type Looking, type Move, navigate } from './navigate.js'
import type { RunState } from './run-state.js'
import type { StateStore } from './store.js'
import type { View } from './view.js'

export interface AppProps {
  /** What keys act on: the newest state. */
  readonly store: StateStore
  readonly controls: Controls
  /** What is drawn: the state, and size, time and memory at the moment of the frame. */
  readonly state: RunState
  readonly view: Omit<View, 'looking'>
}

/** What the keys do. */
export interface Controls {
  pause(): void
  unpause(): void
  stop(): void
  /** Ctrl-C: in raw mode no signal arrives, so it is passed on as one. */
  interrupt(): void
}

/** The live screen: one frame, what of it is looked at, and the keys. */
export function App({ store, controls, state, view }: AppProps): ReactElement {
  const [looking, look] = useState<Looking>(AT_TABLE)
  return (
    <>
      <Screen state={state} view={{ ...view, looking }} />
      <Keys store={store} controls={controls} move={move => look(before => navigate(before, move, store.state))} />
    </>
  )
}

interface KeysProps extends Pick<AppProps, 'store' | 'controls'> {
  readonly move: (move: Move) => void
}

/** Keys need a terminal that hands them over one by one; without one the screen still draws. */
function Keys(props: KeysProps): ReactElement | null {
  return useStdin().isRawModeSupported ? <KeyHandler {...props} /> : null
}

function KeyHandler({ store, controls, move }: KeysProps): null {
  useInput((input, key) => {
    if (key.ctrl && input === 'c') return controls.interrupt()
    if (input === 'q') return controls.stop()
    if (input === 'p') {
      if (store.state.phase === 'paused') controls.unpause()
      else if (store.state.phase === 'running') controls.pause()
      return
    }
    const to = moveOf(input, key)
    if (to !== undefined) move(to)
  })
  return null
}

function moveOf(input: string, key: Key): Move | undefined {
  if (key.upArrow || input === 'k') return 'up'
  if (key.downArrow || input === 'j') return 'down'
  if (key.pageUp) return 'page_up'
  if (key.pageDown) return 'page_down'
  if (key.return) return 'open'
  if (key.escape) return 'back'
  return input === 'l' ? 'log' : input === '?' ? 'help' : undefined
}
