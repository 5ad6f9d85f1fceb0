import { formatTable } from '../core/catalog.js'
import type { Plan } from '../plan/plan.js'
import { formatCount, plural, printable } from '../ui/format.js'
import { ask } from './ask.js'
import type { Terminal } from './terminal.js'

/** What a run would do to rows that are there already, one line each; empty where there is nothing to lose. */
export function dangersOf(plan: Plan, occupied: readonly string[]): readonly string[] {
  return plan.entities.flatMap(({ name, write }) => {
    const table = formatTable(write.table)
    if (!occupied.includes(table)) return []
    return write.replace
      ? [`empties ${table}, which holds rows, and loads ${name}`]
      : [`writes ${name} (${write.mode}) to ${table}, which holds rows already`]
  })
}

/**
 * Asks before rows that are there already are touched; where a table is to be emptied, for the pipeline's name. Throws E514
 * where nobody can be asked, or the answer is no.
 */
export function confirm(plan: Plan, dangers: readonly string[], terminal: Terminal): Promise<void> {
  const estimated = plan.entities.reduce((sum, entity) => sum + (entity.estimatedRows ?? 0), 0)
  const size = estimated === 0 ? '' : `, about ${formatCount(estimated)} rows`
  const summary = [
    `${plan.pipeline} ${terminal.errTheme.symbols.arrow} ${plan.target.label}: ${plural(plan.entities.length, 'entity', 'entities')}${size}`,
    ...dangers.map(danger => `  ${terminal.errTheme.symbols.warning} ${danger}`),
  ]
  const empties = plan.entities.some(({ write }) => write.replace)
  return ask({
    terminal,
    text: `${summary.map(printable).join('\n')}\n`,
    question: empties ? `Type ${plan.pipeline} to go on: ` : 'Go on? [y/N] ',
    yes: answer => (empties ? answer === plan.pipeline : /^y(es)?$/i.test(answer)),
    where: plan.target.label,
    unasked: `the run ${dangers.join('; it ')}`,
    hint: 'add --yes where this is meant; --dry-run shows what would happen',
    refused: 'not confirmed; nothing was written',
  })
}
