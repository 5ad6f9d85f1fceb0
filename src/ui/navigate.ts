import type { RunState } from './run-state.js'

/** What a person looks at. */
export interface Looking {
  readonly panel: 'table' | 'details' | 'log' | 'help'
  /** An entity. */
  readonly selected: string | undefined
  /** The event at the foot of the log, counted from the first; undefined: always the newest. */
  readonly foot: number | undefined
}

export const AT_TABLE: Looking = { panel: 'table', selected: undefined, foot: undefined }

export type Move = 'up' | 'down' | 'page_up' | 'page_down' | 'open' | 'back' | 'log' | 'help'

const PAGE = 10

/** Where a key leads. */
export function navigate(looking: Looking, move: Move, state: RunState): Looking {
  switch (move) {
    case 'log':
    case 'help':
      return { ...looking, panel: looking.panel === move ? 'table' : move, foot: undefined }
    case 'back':
      return looking.panel === 'table' ? AT_TABLE : { ...looking, panel: 'table' }
    case 'open':
      return looking.panel === 'details' ? { ...looking, panel: 'table' } : open(looking, state)
    default:
      return looking.panel === 'log' ? scroll(looking, move, state) : select(looking, move, state)
  }
}

/** Without a selection, the entity at work. */
function open(looking: Looking, state: RunState): Looking {
  const selected = looking.selected ?? (state.entities.find(isAtWork) ?? state.entities[0])?.name
  return selected === undefined ? looking : { ...looking, panel: 'details', selected }
}

function isAtWork(entity: { readonly state: string }): boolean {
  return entity.state === 'running' || entity.state === 'deferring'
}

function select(looking: Looking, move: Move, { entities }: RunState): Looking {
  if (looking.panel === 'help' || entities.length === 0) return looking
  const at = entities.findIndex(entity => entity.name === looking.selected)
  const step = stepOf(move)
  const next = at < 0 ? (step > 0 ? 0 : entities.length - 1) : Math.min(entities.length - 1, Math.max(0, at + step))
  return { ...looking, selected: entities[next]?.name }
}

function scroll(looking: Looking, move: Move, { log, logged }: RunState): Looking {
  const foot = Math.max(logged - log.length + 1, (looking.foot ?? logged) + stepOf(move))
  return { ...looking, foot: foot >= logged ? undefined : foot }
}

function stepOf(move: Move): number {
  return move === 'up' ? -1 : move === 'down' ? 1 : move === 'page_up' ? -PAGE : PAGE
}
