import type { RunEvent } from '../run/events.js'
import type { RunState } from './run-state.js'
import { initialState } from './run-state.js'
import { reduce } from './state.js'

/** Keeps the newest state. Nobody is told of a change: the screen looks a few times a second, however many batches come. */
export class StateStore {
  #state: RunState = initialState

  get state(): RunState {
    return this.#state
  }

  readonly onEvent = (event: RunEvent): void => {
    this.#state = reduce(this.#state, event)
  }
}
