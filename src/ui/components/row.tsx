import { Text } from 'ink'
import type { ReactElement } from 'react'
import { printable } from '../format.js'
import { inkProps, type Theme } from '../theme.js'
import type { Line } from '../view.js'

/** One row of the screen, cut at the edge, never wrapped. */
export function Row({ line, theme }: { readonly line: Line; readonly theme: Theme }): ReactElement {
  return (
    <Text wrap="truncate">
      {line.map((segment, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: segments have no identity but their place
        <Text key={index} {...inkProps(theme, segment.tone)}>
          {printable(segment.text)}
        </Text>
      ))}
    </Text>
  )
}

/** Ink gives an empty text no height. */
export const BLANK: Line = [{ text: ' ' }]
