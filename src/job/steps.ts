import type { Step } from './api.js'

/** Done before anything is written, in this order. */
export const BEFORE: readonly Step[] = []

/** Done when the run has ended, in this order. */
export const AFTER: readonly Step[] = []
