import type { Step } from './api.js'
import { checksAfter, checksBefore } from './checks-steps.js'

/** Done before anything is written, in this order. */
export const BEFORE: readonly Step[] = [checksBefore]

/** Done when the run has ended, in this order. */
export const AFTER: readonly Step[] = [checksAfter]
