import type { RunEvent } from '../run/events.js'
import type { EventText } from './event-text.js'
import type { Symbols } from './theme.js'

type StepEvent = RunEvent & { readonly type: 'step' }

/** `checks  done  12 of 12 hold`: a step before or after the run, in one line. */
export function stepText({ step, state, message }: Pick<StepEvent, 'step' | 'state' | 'message'>): string {
  return [step, ...(state === 'progress' ? [] : [state]), message].filter(part => part !== '').join('  ')
}

export function stepLine(event: StepEvent, symbols: Symbols): EventText {
  const text = stepText(event)
  switch (event.state) {
    case 'started':
      return { mark: symbols.running, tone: 'active', text }
    case 'progress':
      return { mark: symbols.dot, tone: 'dim', text }
    case 'done':
      return { mark: symbols.done, tone: 'good', text }
    case 'failed':
      return { mark: symbols.failed, tone: 'bad', text }
  }
}
