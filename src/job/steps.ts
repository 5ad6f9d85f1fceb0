import type { Step } from './api.js'
import { backupStep } from './backup-step.js'
import { checksAfter, checksBefore } from './checks-steps.js'
import { undoStep } from './undo-step.js'
import { countBefore, verify } from './verify-step.js'

/** Done before anything is written, in this order. */
export const BEFORE: readonly Step[] = [checksBefore, countBefore, backupStep]

/** Done when the run has ended, in this order. */
export const AFTER: readonly Step[] = [checksAfter, verify, undoStep]
