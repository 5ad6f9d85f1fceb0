import type { Line, View } from './view.js'
import { usableWidth } from './view.js'
import { wrap } from './wrap.js'

const NAMES = 12

/** What the marks, the columns and the keys mean. */
export function helpLines(view: View): Line[] {
  const { symbols: s } = view.theme
  const entries: readonly (readonly [string, string])[] = [
    ['p', 'pause after the batches in work; p goes on'],
    ['q, ctrl-c', 'stop after them; `etl run --resume` goes on'],
    [s.upDown, `select an entity; ${s.enter} its details, esc back`],
    ['l', `log of what happened; ${s.upDown} scroll it`],
    ['', ''],
    ['marks', `${s.running} running  ${s.waiting} waiting  ${s.done} done  ${s.failed} failed`],
    ['', `${s.warning} done, rows rejected  ${s.retry} trying again`],
    ['', `${s.stopped} paused, stopped  ${s.skipped} skipped`],
    ['columns', 'rows read / expected'],
    ['', 'rows a second; when done: rows rejected'],
    ['', `time left, ${s.approx} needed later; when done: taken`],
  ]
  return entries.flatMap(([name, text]) =>
    wrap(` ${name.padEnd(NAMES - 1)}${text}`, usableWidth(view), NAMES).map(line => [{ text: line || ' ' }]),
  )
}
