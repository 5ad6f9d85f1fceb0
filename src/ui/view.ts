import { fitText, formatClock, formatDuration } from './format.js'
import type { Looking } from './navigate.js'
import type { RunState } from './run-state.js'
import { totals } from './run-state.js'
import type { Theme, Tone } from './theme.js'

/** What a frame is drawn with beside the state. */
export interface View {
  /** Columns of the terminal. */
  readonly columns: number
  /** Rows of the terminal. */
  readonly rows: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly theme: Theme
  /** Bytes the process uses. */
  readonly memory?: number
  readonly looking?: Looking
}

/** A row of the screen: pieces of text, already padded; nothing is laid out by the terminal library. */
export type Line = readonly Segment[]

export interface Segment {
  readonly text: string
  readonly tone?: Tone
}

/** Columns of the table of entities; 0 where a column is left out. */
export interface Columns {
  readonly name: number
  readonly bar: number
  readonly count: number
  readonly rate: number
  readonly time: number
}

const SHORTEST_BAR = 6
const MARK = 3
const PERCENT = 5
const RATE = 9
const TIME = 8

/** Wider than this the eye loses the row. */
const WIDEST = 119

/** One column stays free: a terminal may wrap when the last one is written. */
export function usableWidth(view: View): number {
  return Math.min(WIDEST, Math.max(20, view.columns - 1))
}

/** Below 80 columns the rate goes first, then the counts. */
export function columnsOf(state: RunState, view: View): Columns {
  const width = usableWidth(view)
  const longest = Math.max(5, ...state.entities.map(entity => [...entity.name].length))
  const name = Math.min(longest, Math.max(8, Math.floor(width / 4)))
  const count = widestCount(state)
  const left = width - MARK - name - 1 - PERCENT - TIME
  const bar = (space: number): number => Math.max(0, space)
  const withCounts = left - (2 * count + 4)
  if (view.columns >= 80 && withCounts - RATE >= SHORTEST_BAR)
    return { name, bar: bar(withCounts - RATE), count, rate: RATE, time: TIME }
  if (withCounts >= SHORTEST_BAR) return { name, bar: bar(withCounts), count, rate: 0, time: TIME }
  return { name, bar: bar(left), count: 0, rate: 0, time: TIME }
}

/** Columns of the largest number, with its separators; wide enough from the start that the table does not jump. */
function widestCount(state: RunState): number {
  const all = totals(state)
  const digits = String(Math.max(all.rows ?? 0, all.read, 99_999)).length
  return digits + Math.floor((digits - 1) / 3)
}

/** `left` and the first of `ends` that fits at the two ends of a row; none where none does. */
export function justify(left: string, ends: string | readonly string[], width: number): string {
  const room = width - [...left].length
  const end = [ends].flat().find(each => [...each].length < room)
  return end === undefined ? left : left + end.padStart(room)
}

/** The first text that fits, else the last one, cut. */
export function fitting(texts: readonly string[], width: number, ellipsis: string): string {
  const found = texts.find(text => [...text].length <= width)
  return found ?? fitText(texts.at(-1) ?? '', width, ellipsis)
}

/** An estimate in at most six columns: `04:43`, `1h23m`, `4d`. */
export function formatEta(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (ms < 3_599_500) return formatClock(ms)
  if (minutes < 6000) return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
  return `${Math.round(minutes / 1440)}d`
}

/** Time taken in at most six columns. */
export function formatTaken(ms: number): string {
  return ms < 3_599_500 ? formatDuration(ms) : formatEta(ms)
}
