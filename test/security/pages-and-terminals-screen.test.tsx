import { renderToString } from 'ink'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../src/run/events.js'
import { Screen } from '../../src/ui/components/screen.js'
import { AT_TABLE, type Looking } from '../../src/ui/navigate.js'
import { ASCII, UNICODE } from '../../src/ui/theme.js'
import { after, SAMPLE_EVENTS, stateAfter } from '../unit/ui/sample-run.js'
import { IDENTIFIERS } from './corpora/identifiers.js'
import { TEXTS } from './corpora/texts.js'

/** Control characters but the line's end, and those that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const HOSTILE = [...Object.values(TEXTS).flat(), ...IDENTIFIERS].filter(text => UNSAFE.test(text)).slice(0, 60)
/** Words of the program's own. */
const OWN = /^(?:type|state|code|pass|load|consistency|status|step)$/

const NOW = after(106)

/** The run of the documentation, where every name and message has the text at its end. */
function poisoned<T>(value: T, text: string, key = ''): T {
  if (Array.isArray(value)) return value.map(item => poisoned(item, text, key)) as T
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, poisoned(part, text, name)])) as T
  return typeof value !== 'string' || OWN.test(key) ? value : (`${value}${text}` as T)
}

const VIEWS: readonly ((selected: string) => Looking)[] = [
  () => AT_TABLE,
  selected => ({ ...AT_TABLE, panel: 'details', selected }),
  selected => ({ ...AT_TABLE, panel: 'log', selected }),
]

describe('names and messages that are escape sequences, on the live screen', () => {
  test.each([
    ['unicode', UNICODE],
    ['ascii', ASCII],
  ])('every view in %s shows them as text, in as many lines as the terminal has', (_, symbols) => {
    expect(HOSTILE.length).toBeGreaterThan(40)
    for (const text of HOSTILE) {
      const events = poisoned<readonly RunEvent[]>(
        [
          ...SAMPLE_EVENTS,
          { type: 'warning', at: NOW, entity: 'orders', message: 'look' },
          { type: 'info', at: NOW, message: 'at that' },
        ],
        text,
      )
      for (const looking of VIEWS) {
        const view = { columns: 80, rows: 24, now: NOW, theme: { color: false, symbols } }
        const state = stateAfter(events)
        const lines = renderToString(<Screen state={state} view={{ ...view, looking: looking(`orders${text}`) }} />, {
          columns: 80,
        }).split('\n')
        expect(
          lines.filter(line => UNSAFE.test(line)),
          JSON.stringify(text),
        ).toEqual([])
        expect(lines.length, JSON.stringify(text)).toBeLessThanOrEqual(24)
      }
    }
  })
})
