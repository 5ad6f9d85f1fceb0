import { plural } from '../format.js'
import type { Theme } from '../theme.js'
import type { Line } from '../view.js'
import { wrap } from '../wrap.js'
import type { AskState, Step } from './state.js'

export interface AskView {
  readonly theme: Theme
  readonly columns: number
  readonly rows: number
}

const QUESTIONS: Readonly<Record<Step, string>> = {
  from: 'What is read?',
  tables: 'Which tables?',
  to: 'What is written?',
  file: 'What is the file to be called?',
}
const EXAMPLES = 'postgres://user:password@host/database  mysql://…  oracle://…  sqlite:file  data.csv'
/** Rows that are not tables: answers, the question, keys, and room for an error. */
const AROUND = 12

/** The screen that asks, row by row. */
export function askLines(state: AskState, view: AskView): Line[] {
  const { theme, columns } = view
  return [
    [
      { text: ' etl init', tone: 'strong' },
      { text: '   a first pipeline for two databases', tone: 'dim' },
    ],
    [],
    ...answers(state, theme),
    [{ text: ` ${QUESTIONS[state.step]}`, tone: 'strong' }],
    ...question(state, view),
    [],
    ...news(state, theme, columns),
    [{ text: ` ${keysOf(state)}`, tone: 'dim' }],
  ]
}

function answers({ step, from, to, taken, tables }: AskState, { symbols }: Theme): Line[] {
  const told = (text: string): Line => [{ text: ` ${symbols.done} `, tone: 'good' }, { text }]
  const lines: Line[] = []
  if (from !== undefined && step !== 'from') lines.push(told(`from   ${from.label}, ${plural(from.tables, 'table')}`))
  if (from !== undefined && (step === 'to' || step === 'file'))
    lines.push(told(`tables ${taken.size === tables.length ? 'all' : `${taken.size} of ${tables.length}`}`))
  if (to !== undefined && step === 'file') {
    const found = to.tables === 0 ? 'no tables: those of the source are made there' : plural(to.tables, 'table')
    lines.push(told(`to     ${to.label}, ${found}`))
  }
  return lines.length === 0 ? lines : [...lines, []]
}

function question(state: AskState, view: AskView): Line[] {
  if (state.step === 'tables') return tableLines(state, view)
  const typed = state.step === 'file' ? state.text : withoutPassword(state.text)
  const room = Math.max(10, view.columns - 6)
  const shown =
    [...typed].length > room ? `${view.theme.symbols.ellipsis}${[...typed].slice(1 - room).join('')}` : typed
  const hint = state.step === 'file' ? [] : wrap(` ${EXAMPLES}`, view.columns, 1)
  return [
    ...hint.map((text): Line => [{ text, tone: 'dim' }]),
    [{ text: ` > ${shown}` }, { text: '_', tone: 'active' }],
  ]
}

function tableLines({ tables, taken, at }: AskState, { rows, theme }: AskView): Line[] {
  const room = Math.max(3, rows - AROUND)
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), tables.length - room))
  const width = Math.max(...tables.map(({ name }) => [...name].length))
  const shown = tables.slice(first, first + room).map(({ name, columns }, i): Line => {
    const mark = taken.has(first + i) ? '[x]' : '[ ]'
    const text = `${mark} ${name.padEnd(width)}  ${plural(columns, 'column')}`
    return first + i === at ? [{ text: ` > ${text}`, tone: 'active' }] : [{ text: `   ${text}` }]
  })
  const more = tables.length - first - shown.length
  const folded = (count: number): Line[] =>
    count === 0 ? [] : [[{ text: `   ${theme.symbols.ellipsis} ${count} more`, tone: 'dim' }]]
  return [...shown, ...folded(more)]
}

function news({ busy, error }: AskState, { symbols }: Theme, columns: number): Line[] {
  if (busy !== undefined) return [[{ text: ` ${symbols.running} ${busy}${symbols.ellipsis}`, tone: 'active' }], []]
  if (error === undefined) return []
  return [
    ...wrap(` ${symbols.failed} ${error.what}`, columns, 3).map((text): Line => [{ text, tone: 'bad' }]),
    ...(error.hint === undefined ? [] : wrap(`   ${error.hint}`, columns, 3).map((text): Line => [{ text }])),
    [],
  ]
}

function keysOf({ step, busy }: AskState): string {
  if (busy !== undefined) return '[ctrl-c] quit'
  if (step === 'tables') return '[space] take or leave  [a] all or none  [enter] go on  [esc] back  [ctrl-c] quit'
  return step === 'from' ? '[enter] go on  [ctrl-c] quit' : '[enter] go on  [esc] back  [ctrl-c] quit'
}

/** Nobody who looks over a shoulder reads it; a port is none. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^:@/?#]*:)([^@]*)/, (all, before: string, rest: string) =>
    /^\d{0,5}(?:[/?#]|$)/.test(rest) && !text.includes('@') ? all : before + '•'.repeat([...rest].length),
  )
}
