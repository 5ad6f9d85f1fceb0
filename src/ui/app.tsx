import { type Key, useInput, useStdin } from 'ink'
import type { ReactElement } from 'react'
import { useEffect, useState } from 'react'
import { Screen } from './components/screen.js'
import { AT_TABLE, type Looking, type Move, navigate } from './navigate.js'
import type { StateStore } from './store.js'
import type { View } from './view.js'

export interface AppProps {
  readonly store: StateStore
  readonly controls: Controls
  /** Size, time and memory at the moment of a frame. */
  readonly sample: () => Omit<View, 'looking'>
  /** Milliseconds until the next frame. */
  readonly pace: () => number
}

/** What the keys do. */
export interface Controls {
  pause(): void
  unpause(): void
  stop(): void
  /** Ctrl-C: in raw mode no signal arrives, so it is passed on as one. */
  interrupt(): void
}

/** The live screen: samples the store, so that the cost of drawing does not depend on how fast rows move. */
export function App({ store, controls, sample, pace }: AppProps): ReactElement {
  const [looking, look] = useState<Looking>(AT_TABLE)
  const [frame, setFrame] = useState(() => ({ state: store.state, view: sample() }))
  useEffect(() => {
    const draw = (): void => {
      setFrame({ state: store.state, view: sample() })
      timer = setTimeout(draw, pace())
    }
    let timer = setTimeout(draw, pace())
    return () => clearTimeout(timer)
  }, [store, sample, pace])
  return (
    <>
      <Screen state={frame.state} view={{ ...frame.view, looking }} />
      <Keys store={store} controls={controls} move={move => look(before => navigate(before, move, store.state))} />
    </>
  )
}

interface KeysProps extends Omit<AppProps, 'sample' | 'pace'> {
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
