import type { TaskKind } from '../port.js'

/** Changes when tasks, or the handlers of these services, come to mean something else. */
const PROTOCOL = 'v1'

/** What Restate has of a run besides its tasks: the lines for who watches. */
export const BOARD = `etl_board_${PROTOCOL}`

/** Who may be at a source. */
export const LIMIT = `etl_limit_${PROTOCOL}`

export function serviceName(kind: TaskKind, label: string | undefined): string {
  return named(`etl_${kind}_${PROTOCOL}`, label)
}

/** Of one label, so that its workers need no others. */
export function boardName(label: string | undefined): string {
  return named(BOARD, label)
}

function named(name: string, label: string | undefined): string {
  return label === undefined ? name : `${name}.${label}`
}
