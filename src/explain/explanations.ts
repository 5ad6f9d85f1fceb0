import { CODES, type ErrorCode } from '../core/codes.js'
import { AFTER_RUNS } from './after-runs.js'
import { CONNECTIONS } from './connections.js'
import { ENGINES } from './engines.js'
import type { Explanation } from './explanation.js'
import { MEANING } from './meaning.js'
import { READING } from './reading.js'
import { ROWS } from './rows.js'
import { RUNS } from './runs.js'
import { SHAPE } from './shape.js'

// Ours come last.
const { E901, ...AFTER } = AFTER_RUNS

/** Every code with its text: one that is missing does not compile. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
  ...READING,
  ...SHAPE,
  ...MEANING,
  ...CONNECTIONS,
  ...ROWS,
  ...RUNS,
  ...AFTER,
  ...ENGINES,
  E901,
}

/** Codes that begin alike, and what they have in common. */
export interface CodeGroup {
  readonly title: string
  readonly about: string
  readonly codes: readonly ErrorCode[]
}

const GROUPS: readonly (readonly [prefix: string, title: string, about: string])[] = [
  ['E0', 'Reading the file', 'The pipeline file could not be read. Nothing was connected to.'],
  ['E1', 'Its shape', 'A key or a value of the file is wrong: see `etl reference`. Nothing was connected to.'],
  ['E2', 'Its meaning', 'What the file says does not fit together, or not to the databases. Nothing was written.'],
  [
    'E3',
    'Connections and rights',
    'A database could not be reached, or refused. `etl doctor` and `etl check` look closer.',
  ],
  [
    'E4',
    'One row',
    'One row could not go on. `on_error`, `on_invalid` and others decide what that means; quarantined rows are kept, see `etl quarantine`.',
  ],
  [
    'E5',
    'A run',
    'A run, an undo, a backup or a restore as a whole. `etl run --resume` goes on with an unfinished run.',
  ],
  ['E9', 'A bug', 'A bug in etl. Please report it with the output of `--verbose`.'],
]

/** The codes by what they are about, in order. */
export function codeGroups(): readonly CodeGroup[] {
  const codes = Object.keys(CODES) as ErrorCode[]
  return GROUPS.map(([prefix, title, about]) => ({
    title,
    about,
    codes: codes.filter(code => code.startsWith(prefix)),
  }))
}
