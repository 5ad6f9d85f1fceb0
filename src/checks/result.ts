import type { ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'
import type { CheckPhase, Severity } from '../spec/model.js'

/** What came of one check. */
export interface CheckOutcome {
  readonly name: string
  readonly entity?: string
  /** A source, or `target`. */
  readonly on: string
  readonly phase: CheckPhase
  readonly severity: Severity
  /** `broken`: it could not be made, which counts as a failure; `skipped`: its table is not there yet. */
  readonly state: 'passed' | 'failed' | 'broken' | 'skipped'
  /** How many break the rule, where that can be counted. */
  readonly count?: number
  /** One line, without values of rows. */
  readonly detail: string
  /** What a query gave in place of what is expected: for the same eyes as `keys`. */
  readonly value?: string
  /** Up to five offenders, named by their keys: for the user's own screen alone, never for logs, the ledger or the record of a run. */
  readonly keys?: readonly string[]
  readonly code?: ErrorCode
  /** Line of the file. */
  readonly line: number
  readonly ms: number
}

export interface ChecksResult {
  /** In the order of the file; a check that is made both times stands there twice. */
  readonly outcomes: readonly CheckOutcome[]
  /** Errors were let pass. */
  readonly forced: boolean
}

/** Keys shown of those that break a rule. */
export const SHOWN_KEYS = 5

/** Does the outcome stop the run before it begins, or make it fail at its end? */
export function isFatal({ state, severity }: CheckOutcome, forced: boolean): boolean {
  if (state === 'passed' || state === 'skipped') return false
  return severity === 'critical' || (severity === 'error' && !forced)
}

export function worthSaying({ state }: CheckOutcome): boolean {
  return state === 'failed' || state === 'broken'
}

/** Outcomes without what rows hold, for what programs and logs read. */
export function withoutKeys(outcomes: readonly CheckOutcome[]): readonly CheckOutcome[] {
  return outcomes.map(({ keys: _, value: __, ...outcome }) => outcome)
}

/** Checks said no; what each found is with the error. */
export class ChecksFailed extends EtlError {
  readonly checks: ChecksResult

  constructor(checks: ChecksResult, phase: CheckPhase) {
    const fatal = checks.outcomes.filter(outcome => outcome.phase === phase && isFatal(outcome, checks.forced))
    const critical = fatal.some(({ severity }) => severity === 'critical')
    const names = fatal.slice(0, 3).map(({ name, entity }) => (entity === undefined ? name : `${entity}: ${name}`))
    const more = fatal.length > names.length ? ` and ${fatal.length - names.length} more` : ''
    const hints =
      phase === 'before'
        ? ['mend the data', ...(critical ? [] : ['or go on in spite of it: `etl run … --force`'])]
        : ['the rows are in the target: mend them there, or mend the cause and run again']
    super('E526', `${fatal.length === 1 ? 'a check' : `${fatal.length} checks`} failed: ${names.join('; ')}${more}`, {
      hint: hints.join(', '),
    })
    this.checks = checks
  }
}
