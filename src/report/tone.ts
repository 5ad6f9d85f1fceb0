import type { EntityResult } from '../run/api.js'

/** Colours that mean something; words always stand beside them. */
export type PageTone = 'good' | 'warn' | 'bad' | 'plain'

export function entityTone({ state, counts, unresolved }: EntityResult): PageTone {
  if (state === 'failed') return 'bad'
  if (state === 'done') return counts.quarantined + unresolved > 0 ? 'warn' : 'good'
  return state === 'stopped' ? 'warn' : 'plain'
}
