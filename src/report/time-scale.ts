import type { Timeline } from '../history/record.js'
import { formatDuration } from '../ui/format.js'

export interface TimeScale {
  readonly x: (at: number) => number
  readonly ticks: readonly { readonly x: number; readonly label: string }[]
  /** Time in which nothing was at work, drawn short. */
  readonly breaks: readonly { readonly x: number; readonly ms: number }[]
}

interface Piece {
  readonly from: number
  readonly to: number
  readonly left: number
  readonly right: number
}

const BREAK_WIDTH = 28
const TICKS = 7
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000].concat(
  [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440].map(minutes => minutes * 60_000),
)

/** Where a moment is between two edges. The hours between an interruption and its resume take no room. */
export function timeScale({ spans }: Timeline, left: number, right: number): TimeScale {
  const busy = merged(spans.map(({ from, to }) => ({ from, to })))
  const total = busy.reduce((sum, { from, to }) => sum + to - from, 0) || 1
  const perMs = (right - left - BREAK_WIDTH * (busy.length - 1)) / total
  const pieces: Piece[] = []
  let x = left
  for (const { from, to } of busy) {
    const end = x + (to - from) * perMs
    pieces.push({ from, to, left: x, right: end })
    x = end + BREAK_WIDTH
  }
  const place = (at: number): number => {
    const piece = pieces.find(candidate => at <= candidate.to) ?? pieces.at(-1)
    if (piece === undefined) return left
    const inside = Math.min(Math.max(at, piece.from), piece.to) - piece.from
    return Math.round((piece.left + inside * perMs) * 10) / 10
  }
  const start = busy[0]?.from ?? 0
  const step = STEPS.find(candidate => total / candidate <= TICKS) ?? total
  const ticks = pieces.flatMap(piece => {
    const found: { x: number; label: string }[] = []
    for (let at = start + Math.ceil((piece.from - start) / step) * step; at <= piece.to; at += step)
      found.push({ x: place(at), label: elapsed(at - start, step) })
    return found
  })
  return {
    x: place,
    ticks: ticks.filter((tick, i) => i === 0 || tick.x - (ticks[i - 1]?.x ?? 0) > 40),
    breaks: pieces.slice(1).map((piece, i) => ({
      x: Math.round(piece.left - BREAK_WIDTH / 2),
      ms: piece.from - (pieces[i]?.to ?? piece.from),
    })),
  }
}

function elapsed(ms: number, step: number): string {
  if (ms === 0) return '0'
  return step < 1000 ? `${ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(step < 100 ? 2 : 1)} s`}` : formatDuration(ms)
}

/** Spans that touch, or nearly so, are one. */
function merged(spans: readonly { readonly from: number; readonly to: number }[]) {
  const sorted = spans.toSorted((a, b) => a.from - b.from)
  const busy = sorted.reduce((sum, { from, to }) => sum + to - from, 0)
  const result: { from: number; to: number }[] = []
  for (const { from, to } of sorted) {
    const last = result.at(-1)
    if (last !== undefined && from - last.to <= Math.max(1000, busy / 4)) last.to = Math.max(last.to, to)
    else result.push({ from, to })
  }
  return result
}
