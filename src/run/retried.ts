import type { RunContext } from './context.js'
import { MAX_ATTEMPTS, withRetries } from './retry.js'

/** Does what may be done twice, again and again while errors pass; each new attempt is told as an event of the entity. */
export function retried<T>(
  { control, emit }: Pick<RunContext, 'control' | 'emit'>,
  entity: string,
  work: () => Promise<T>,
): Promise<T> {
  return withRetries(work, {
    signal: control.signal,
    onRetry: ({ code, message }, attempt, waitMs) =>
      emit({ type: 'retry', entity, attempt, attempts: MAX_ATTEMPTS, waitMs, code, message }),
  })
}
