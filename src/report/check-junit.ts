import { type CheckOutcome, isFatal, worthSaying } from '../checks/result.js'
import type { CheckItem } from '../plan/check-item.js'
import type { TestCase, TestSuite } from './junit.js'

/** What `etl check` found as test cases. A broken rule that is only a warning is a skipped one; keys of rows are not in it. */
export function checkSuites(items: readonly CheckItem[], checks: readonly CheckOutcome[]): readonly TestSuite[] {
  const suites = [
    { name: 'databases', cases: items.map(itemCase) },
    { name: 'checks', cases: checks.map(each => checkCase(each, false)) },
  ]
  return suites.filter(({ cases }) => cases.length > 0)
}

function itemCase({ where, what, ok, code, detail = 'failed' }: CheckItem): TestCase {
  return { name: `${where}: ${what}`, ...(ok ? {} : { failure: code === undefined ? detail : `${code} ${detail}` }) }
}

export function checkCase(outcome: CheckOutcome, forced: boolean): TestCase {
  const { name, entity, phase, severity, state, detail, ms } = outcome
  const called = `${entity === undefined ? '' : `${entity}: `}${name} (${phase})`
  if (isFatal(outcome, forced)) return { name: called, ms, failure: `${severity}: ${detail}` }
  const said = worthSaying(outcome) ? `${severity}: ${detail}` : state === 'skipped' ? detail : undefined
  return { name: called, ms, ...(said === undefined ? {} : { skipped: said }) }
}
