import { Box, render, useInput } from 'ink'
import { type ReactElement, useRef, useState } from 'react'
import { Row } from '../components/row.js'
import type { Theme } from '../theme.js'
import { askLines } from './lines.js'
import { type AskState, begin, failed, found, type Press, press, type TableChoice } from './state.js'

export interface AskOptions {
  readonly theme: Theme
  readonly output: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream
  /** Connects and lists the tables; throws what {@link AskOptions.tell} says of. */
  look(url: string): Promise<{ readonly label: string; readonly tables: readonly TableChoice[] }>
  /** Throws where the file cannot be written. */
  check(file: string): void
  tell(error: unknown): { readonly what: string; readonly hint?: string }
}

export interface Asked {
  readonly from: string
  readonly to: string
  readonly file: string
  /** Undefined: all. */
  readonly tables?: readonly string[]
}

/** Asks for everything that `etl init` has to know; undefined where the one who is asked leaves. */
export function ask(options: AskOptions): Promise<Asked | undefined> {
  return new Promise(resolve => {
    const end = (answers: Asked | undefined): void => {
      instance.unmount()
      resolve(answers)
    }
    const { output, input } = options
    const instance = render(<Ask {...options} end={end} />, {
      stdout: output,
      stdin: input,
      exitOnCtrlC: false,
      patchConsole: false,
    })
  })
}

/** Fast typing and pasting come as one text, with the keys that it holds. */
const PIECES = /[\r\n]|[\u007f\b]|[^\r\n\u007f\b]+/g

function pieceOf(text: string): Press {
  if (text === '\r' || text === '\n') return { input: '', enter: true }
  return text === '\u007f' || text === '\b' ? { input: '', backspace: true } : { input: text }
}

export interface AskProps extends AskOptions {
  readonly end: (answers: Asked | undefined) => void
}

export function Ask({ theme, output, look, check, tell, end }: AskProps): ReactElement {
  // Keys may come faster than the screen is drawn: each must see what the one before it did.
  const held = useRef(begin())
  const [state, draw] = useState(held.current)
  const setState = (next: AskState): void => {
    held.current = next
    draw(next)
  }
  useInput((input, key) => {
    if (key.ctrl && input === 'c') {
      end(undefined)
      return
    }
    const { return: enter, upArrow: up, downArrow: down } = key
    const backspace = key.backspace || key.delete
    const alone = { input: '', enter, escape: key.escape, backspace, up, down }
    if (enter || key.escape || backspace || up || down) go(alone)
    else for (const piece of input.match(PIECES) ?? []) go(pieceOf(piece))
  })
  const go = (key: Press): void => {
    const { state: next, effect } = press(held.current, key)
    setState(next)
    const fail = (error: unknown): void => {
      const { what, hint } = tell(error)
      setState(failed(held.current, what, hint))
    }
    if (effect?.kind === 'look') {
      const { side, url } = effect
      look(url).then(({ label, tables }) => setState(found(held.current, side, { url, label, tables })), fail)
    }
    if (effect?.kind === 'check') {
      try {
        check(effect.file)
        end(asked(next, effect.file))
      } catch (error) {
        fail(error)
      }
    }
  }
  const view = { theme, columns: output.columns || 80, rows: output.rows || 24 }
  return (
    <Box flexDirection="column">
      {askLines(state, view).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
        <Row key={i} view={view} line={line} />
      ))}
    </Box>
  )
}

function asked({ from, to, tables, taken }: AskState, file: string): Asked {
  const all = taken.size === tables.length
  return {
    from: from?.url ?? '',
    to: to?.url ?? '',
    file,
    ...(all ? {} : { tables: tables.filter((_, i) => taken.has(i)).map(({ name }) => name) }),
  }
}
