import type { ReactElement } from 'react'
import type { EntityView } from '../run-state.js'
import type { View } from '../view.js'
import { Row } from './row.js'

/** Entities that found no room, counted by state. */
export function FoldedRow({
  entities,
  view,
}: {
  readonly entities: readonly EntityView[]
  readonly view: View
}): ReactElement {
  const { symbols } = view.theme
  const count = (...states: EntityView['state'][]): number => entities.filter(e => states.includes(e.state)).length
  const parts = [
    [count('running', 'deferring'), symbols.running, 'more running'],
    [count('failed'), symbols.failed, 'more failed'],
    [count('stopped'), symbols.stopped, 'stopped'],
    [count('done'), symbols.done, 'done'],
    [count('skipped'), symbols.skipped, 'skipped'],
    [count('waiting'), symbols.waiting, 'waiting'],
  ] as const
  const text = parts.filter(([n]) => n > 0).map(([n, mark, word]) => `${mark} ${n} ${word}`)
  return <Row view={view} line={[{ text: ` ${text.join('  ')}`, tone: 'dim' }]} />
}
