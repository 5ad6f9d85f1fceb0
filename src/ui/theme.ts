import { styleText } from 'node:util'

export type Tone = 'good' | 'bad' | 'warn' | 'active' | 'dim' | 'strong'

const COLOURS = { good: 'green', bad: 'red', warn: 'yellow', active: 'cyan', dim: 'gray', strong: 'bold' } as const

/** Marks always stand beside words or numbers, so nothing is told by colour or shape alone. */
export interface Symbols {
  readonly done: string
  readonly failed: string
  readonly running: string
  readonly waiting: string
  readonly warning: string
  readonly stopped: string
  readonly skipped: string
  readonly retry: string
  readonly selected: string
  readonly total: string
  readonly arrow: string
  /** Points back at what stands before it. */
  readonly pointer: string
  readonly upDown: string
  readonly enter: string
  readonly approx: string
  readonly rule: string
  readonly dot: string
  readonly ellipsis: string
  /** Parts of a filled cell, the last one full. */
  readonly bar: readonly string[]
  readonly track: string
}

export const UNICODE: Symbols = {
  done: '✔',
  failed: '✖',
  running: '●',
  waiting: '◌',
  warning: '⚠',
  stopped: '‖',
  skipped: '–',
  retry: '↻',
  selected: '▸',
  total: 'Σ',
  arrow: '━━▶',
  pointer: '◀',
  upDown: '↑↓',
  enter: '⏎',
  approx: '≈',
  rule: '─',
  dot: '·',
  ellipsis: '…',
  bar: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  track: '·',
}

export const ASCII: Symbols = {
  done: '+',
  failed: 'x',
  running: '*',
  waiting: 'o',
  warning: '!',
  stopped: '=',
  skipped: '-',
  retry: '~',
  selected: '>',
  total: 'S',
  arrow: '-->',
  pointer: '<-',
  upDown: 'up/down',
  enter: 'enter',
  approx: '~',
  rule: '-',
  dot: '-',
  ellipsis: '..',
  bar: ['#'],
  track: '.',
}

export interface Theme {
  readonly color: boolean
  readonly symbols: Symbols
}

export type Environment = Readonly<Record<string, string | undefined>>

/** `--no-color`, then `NO_COLOR`, then `FORCE_COLOR`, then whether the stream is a terminal. */
export function wantsColor(options: { readonly color?: boolean }, env: Environment, isTTY: boolean): boolean {
  if (options.color === false) return false
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return isTTY && env.TERM !== 'dumb'
}

export function themeOf(
  options: { readonly color?: boolean; readonly ascii?: boolean },
  env: Environment,
  isTTY: boolean,
): Theme {
  return { color: wantsColor(options, env, isTTY), symbols: options.ascii === true ? ASCII : UNICODE }
}

export function paint(theme: Theme, tone: Tone, text: string): string {
  // The decision is made above; newer Nodes would look at the environment again.
  return theme.color ? styleText(COLOURS[tone], text, { validateStream: false }) : text
}

export type ProgressMode = 'tty' | 'plain' | 'none'

/** What `--progress auto` means: the screen only where a person is looking at a terminal that can show it. */
export function progressMode(
  requested: 'auto' | ProgressMode,
  env: Environment,
  isTTY: boolean,
  quiet: boolean,
): ProgressMode {
  if (quiet) return 'none'
  if (requested === 'plain' || requested === 'none') return requested
  if (!isTTY) return 'plain'
  if (requested === 'tty') return 'tty'
  const isCI = env.CI !== undefined && env.CI !== '' && env.CI !== '0' && env.CI !== 'false'
  return isCI || env.TERM === 'dumb' ? 'plain' : 'tty'
}
