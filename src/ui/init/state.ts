/** What somebody who is asked has said so far. */
export interface AskState {
  readonly step: Step
  /** What is typed in this step. */
  readonly text: string
  /** What is waited for; keys do nothing then. */
  readonly busy?: string
  readonly error?: { readonly what: string; readonly hint?: string }
  readonly from?: Answer
  readonly to?: Answer
  /** Tables of the source, and those that are taken. */
  readonly tables: readonly TableChoice[]
  readonly taken: ReadonlySet<number>
  /** The table that the cursor is on. */
  readonly at: number
}

export type Step = 'from' | 'tables' | 'to' | 'file'

export interface Answer {
  readonly url: string
  /** `postgres 15.3 localhost:5432/app`. */
  readonly label: string
  readonly tables: number
}

export interface TableChoice {
  readonly name: string
  readonly columns: number
}

export interface Press {
  readonly input: string
  readonly enter?: boolean
  readonly escape?: boolean
  readonly backspace?: boolean
  readonly up?: boolean
  readonly down?: boolean
}

/** What has to happen outside for it to go on. */
export type Effect =
  | { readonly kind: 'look'; readonly side: 'from' | 'to'; readonly url: string }
  | { readonly kind: 'check'; readonly file: string }

export interface Pressed {
  readonly state: AskState
  readonly effect?: Effect
}

const FILE = 'pipeline.yaml'
const STEPS: readonly Step[] = ['from', 'tables', 'to', 'file']

export function begin(): AskState {
  return { step: 'from', text: '', tables: [], taken: new Set(), at: 0 }
}

export function press(state: AskState, key: Press): Pressed {
  if (state.busy !== undefined) return { state }
  if (key.escape === true) return { state: back(state) }
  return state.step === 'tables' ? { state: choose(state, key) } : type(state, key)
}

/** A connection was made: what is there. */
export function found(
  state: AskState,
  side: 'from' | 'to',
  answer: { readonly url: string; readonly label: string; readonly tables: readonly TableChoice[] },
): AskState {
  const { url, label, tables } = answer
  const plain = withoutNews(state)
  if (side === 'to') return { ...plain, step: 'file', text: FILE, to: { url, label, tables: tables.length } }
  if (tables.length === 0) return { ...plain, error: { what: `there is no table in ${label}` } }
  const all = new Set(tables.keys())
  return { ...plain, step: 'tables', text: '', from: { url, label, tables: tables.length }, tables, taken: all, at: 0 }
}

export function failed(state: AskState, what: string, hint?: string): AskState {
  return { ...withoutNews(state), error: { what, ...(hint === undefined ? {} : { hint }) } }
}

function type(state: AskState, { input, enter, backspace }: Press): Pressed {
  if (enter === true) return submit(state)
  if (backspace === true) return { state: { ...withoutNews(state), text: [...state.text].slice(0, -1).join('') } }
  const typed = input.replace(/\p{Cc}/gu, '')
  return { state: typed === '' ? state : { ...withoutNews(state), text: state.text + typed } }
}

function submit(state: AskState): Pressed {
  const text = state.text.trim()
  if (text === '') return { state: failed(state, 'nothing is typed yet') }
  const { step } = state
  if (step === 'file')
    return { state: { ...withoutNews(state), busy: 'writing' }, effect: { kind: 'check', file: text } }
  if (step !== 'from' && step !== 'to') return { state }
  return { state: { ...withoutNews(state), busy: 'connecting' }, effect: { kind: 'look', side: step, url: text } }
}

function choose(state: AskState, { input, enter, up, down }: Press): AskState {
  const { tables, taken, at } = state
  if (up === true || down === true) return { ...state, at: (at + (up ? -1 : 1) + tables.length) % tables.length }
  if (input === ' ') {
    const next = new Set(taken)
    if (!next.delete(at)) next.add(at)
    return { ...withoutNews(state), taken: next }
  }
  if (input === 'a') return { ...withoutNews(state), taken: new Set(taken.size === tables.length ? [] : tables.keys()) }
  if (enter !== true) return state
  return taken.size === 0
    ? failed(state, 'no table is taken')
    : { ...withoutNews(state), step: 'to', text: state.to?.url ?? '' }
}

function back(state: AskState): AskState {
  const step = STEPS[Math.max(0, STEPS.indexOf(state.step) - 1)] ?? 'from'
  const text = step === 'from' ? (state.from?.url ?? state.text) : step === 'to' ? (state.to?.url ?? '') : ''
  return { ...withoutNews(state), step, text }
}

function withoutNews(state: AskState): AskState {
  const { busy: _busy, error: _error, ...rest } = state
  return rest
}
