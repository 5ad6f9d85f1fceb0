import type { EntityView, RunState } from './run-state.js'
import type { View } from './view.js'

/** Which parts of the screen fit. */
export interface Layout {
  readonly shown: readonly EntityView[]
  /** Entities summed up in one line instead. */
  readonly folded: readonly EntityView[]
  readonly problems: number
  /** Blank lines and the rule are drawn. */
  readonly airy: boolean
}

/** Two header rows, total, status, keys. */
const FIXED = 5
const AIR = 3
const MOST_PROBLEMS = 3
export const HELP_ROWS = 4

/** Rows a frame may have: Ink wipes the scrollback when a frame reaches the height of the terminal. */
function frameRows(view: View): number {
  return Math.max(FIXED + 1, view.rows - 2)
}

/** Everything where it fits; otherwise problems, then blank lines give way, then entities that need no attention are folded. */
export function layoutOf(state: RunState, view: View): Layout {
  const room = frameRows(view) - FIXED
  const wanted = view.help === true ? HELP_ROWS : Math.min(MOST_PROBLEMS, state.problems.length)
  const fewer = view.help === true ? HELP_ROWS : Math.min(1, wanted)
  const choices = [
    { problems: wanted, airy: true },
    { problems: fewer, airy: true },
    { problems: fewer, airy: false },
    { problems: 0, airy: false },
  ]
  const space = (choice: { problems: number; airy: boolean }): number =>
    room - (choice.airy ? AIR + (choice.problems > 0 ? 1 : 0) : 0) - choice.problems
  const whole = choices.slice(0, 2).find(choice => space(choice) >= state.entities.length)
  if (whole !== undefined) return { shown: state.entities, folded: [], ...whole }
  const choice = choices.slice(1).find(c => space(c) >= Math.min(4, state.entities.length)) ?? choices[3]
  const rows = Math.max(1, space(choice ?? { problems: 0, airy: false }))
  return { ...fold(state.entities, rows), problems: choice?.problems ?? 0, airy: choice?.airy ?? false }
}

function fold(entities: readonly EntityView[], rows: number): Pick<Layout, 'shown' | 'folded'> {
  if (entities.length <= rows) return { shown: entities, folded: [] }
  const ranked = [...entities.keys()].sort((a, b) => rank(entities[a]) - rank(entities[b]) || a - b)
  const kept = new Set(ranked.slice(0, rows - 1))
  return { shown: entities.filter((_, i) => kept.has(i)), folded: entities.filter((_, i) => !kept.has(i)) }
}

/** What a person must see first. */
function rank(entity: EntityView | undefined): number {
  switch (entity?.state) {
    case 'running':
    case 'deferring':
      return 0
    case 'failed':
      return 1
    case 'stopped':
      return 2
    case 'waiting':
      return 3
    default:
      return 4
  }
}
