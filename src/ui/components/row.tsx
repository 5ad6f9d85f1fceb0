import { Transform } from 'ink'
import type { ReactElement } from 'react'
import { cutLine } from '../cut-line.js'
import { paint } from '../theme.js'
import type { Line, View } from '../view.js'

export interface RowProps {
  readonly line: Line
  readonly view: Pick<View, 'columns' | 'theme'>
}

/**
 * One row of the screen, cut at the edge, never wrapped. Ink measures only a space and is handed the row when it paints:
 * it would lay out again all that changed, which is half of the cost of a frame, and remember every text for ever.
 */
export function Row({ line, view }: RowProps): ReactElement {
  const { theme } = view
  const cut = cutLine(line, view.columns - 1, theme.symbols.ellipsis)
  const painted = cut.map(({ text, tone }) => (tone === undefined ? text : paint(theme, tone, text))).join('')
  return (
    <Transform transform={() => painted} accessibilityLabel={painted}>
      {' '}
    </Transform>
  )
}
