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

/** Total and status. */
const TOTAL = 2
/** Two header rows and one of keys. */
const AROUND = 3
const FIXED = TOTAL + AROUND
const AIR = 3
const MOST_PROBLEMS = 3

/** Rows there may be between the header and the keys. */
export function bodyRoom(view: View): number {
  return frameRows(view) - AROUND
}

/** Rows a frame may have: Ink wipes the scrollback when a frame reaches the height of the terminal. */
function frameRows(view: View): number {
  return Math.max(FIXED + 1, view.rows - 2)
}

/** Everything where it fits; otherwise problems, then blank lines give way, then entities that need no attention are folded. */
export function layoutOf(state: RunState, view: View): Layout {
  const room = frameRows(view) - FIXED
  const wanted = Math.min(MOST_PROBLEMS, state.problems.length)
  const fewer = Math.min(1, wanted)
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
  return {
    ...fold(state.entities, rows, view.looking?.selected),
    problems: choice?.problems ?? 0,
    airy: choice?.airy ?? false,
  }
}

/** Rows between the header and the keys. */
export function bodyRows({ shown, folded, problems, airy }: Layout): number {
  return shown.length + (folded.length > 0 ? 1 : 0) + TOTAL + problems + (airy ? AIR + (problems > 0 ? 1 : 0) : 0)
}

function fold(
  entities: readonly EntityView[],
  rows: number,
  selected: string | undefined,
): Pick<Layout, 'shown' | 'folded'> {
  if (entities.length <= rows) return { shown: entities, folded: [] }
  const order = (entity: EntityView | undefined): number => (entity?.name === selected ? -1 : rank(entity))
  const ranked = [...entities.keys()].sort((a, b) => order(entities[a]) - order(entities[b]) || a - b)
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
