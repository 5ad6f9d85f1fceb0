import type { TProperties } from 'typebox'
import { Type } from '../core/schema.js'
import { oneWordOf } from './short-form.js'

/** `undo` and `on_failure`: whether a run can be taken back, and whether a failed one is. */
export function undo() {
  return {
    undo: Type.Optional(
      Type.Boolean({
        description:
          'Whether runs record what `etl undo` needs: keys of inserted rows, updated rows as they were, a copy of replaced ' +
          'tables. It is kept for the last four runs. Without it they cannot be taken back. Files record nothing.',
        default: true,
        examples: [false],
      }),
    ),
    on_failure: Type.Optional(
      oneWordOf(['keep', 'undo'], {
        description:
          'What becomes of what a failed run has written: `keep` lets it be resumed, `undo` takes it back at once. ' +
          'An interrupted run is always kept.',
        default: 'keep',
        examples: ['undo'],
      }),
    ),
  } satisfies TProperties
}
