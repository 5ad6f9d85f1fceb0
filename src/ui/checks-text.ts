import { type CheckOutcome, type ChecksResult, worthSaying } from '../checks/result.js'
import { plural, printable } from './format.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'

/** Every check that was made, offenders below those that fail, the verdict last. */
export function checksText(result: ChecksResult, theme: Theme): string {
  return `${[...checkRows(result.outcomes, theme), ` ${verdictOf(result, theme)}`].join('\n')}\n`
}

/** One line a check; below it the keys of the first that break it. Empty where there is none. */
export function checkRows(outcomes: readonly CheckOutcome[], theme: Theme): string[] {
  if (outcomes.length === 0) return []
  const columns = ['', 'CHECK', 'ON', 'WHEN', 'SEVERITY', 'RESULT'].map(title => ({ title, align: 'left' as const }))
  const rows = outcomes.map(outcome => [
    markOf(outcome, theme),
    printable(outcome.entity === undefined ? outcome.name : `${outcome.entity}: ${outcome.name}`),
    outcome.on,
    outcome.phase,
    outcome.severity,
    printable(outcome.value === undefined ? outcome.detail : `${outcome.value}, ${outcome.detail}`),
  ])
  const [head = '', ...body] = table(columns, rows, ' ')
  return [
    head,
    ...body.flatMap((line, i) => {
      const { keys = [], count = 0 } = outcomes[i] ?? {}
      const more = count > keys.length ? ` and ${plural(count - keys.length, 'more', 'more')}` : ''
      return [line, ...(keys.length === 0 ? [] : [printable(`     ${keys.join(' · ')}${more}`)])]
    }),
  ]
}

/** `✖ 2 of 12 checks do not hold: 1 error, 1 warning`. */
export function verdictOf({ outcomes, forced }: ChecksResult, theme: Theme): string {
  const { symbols } = theme
  const made = outcomes.filter(({ state }) => state !== 'skipped').length
  const failing = outcomes.filter(worthSaying)
  if (failing.length === 0) return `${paint(theme, 'good', symbols.done)} ${plural(made, 'check')} made, all hold`
  const count = (severity: string): number => failing.filter(outcome => outcome.severity === severity).length
  const parts = (['critical', 'error', 'warning', 'info'] as const)
    .filter(severity => count(severity) > 0)
    .map(severity => `${count(severity)} ${severity}`)
  const bad = count('critical') + count('error') > 0
  const mark = bad ? paint(theme, 'bad', symbols.failed) : paint(theme, 'warn', symbols.warning)
  const passed = forced && count('error') > 0 ? ', passed by --force' : ''
  const verb = failing.length === 1 ? 'does' : 'do'
  return `${mark} ${failing.length} of ${plural(made, 'check')} ${verb} not hold: ${parts.join(', ')}${passed}`
}

function markOf(outcome: CheckOutcome, { symbols }: Theme): string {
  if (outcome.state === 'passed') return symbols.done
  if (outcome.state === 'skipped') return symbols.skipped
  return outcome.severity === 'error' || outcome.severity === 'critical' ? symbols.failed : symbols.warning
}
