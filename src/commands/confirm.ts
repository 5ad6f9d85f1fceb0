import { createInterface } from 'node:readline/promises'
import { formatTable } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { Plan } from '../plan/plan.js'
import { formatCount, plural, printable } from '../ui/format.js'
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

/** Asks before rows that are there already are touched. Throws E514 where nobody can be asked, or the answer is no. */
export async function confirm(plan: Plan, dangers: readonly string[], terminal: Terminal): Promise<void> {
  const { io } = terminal
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new EtlError('E514', `the run ${dangers.join('; it ')}`, {
      kind: 'usage',
      where: plan.target.label,
      hint: 'add --yes where this is meant; --dry-run shows what would happen',
    })
  }
  const estimated = plan.entities.reduce((sum, entity) => sum + (entity.estimatedRows ?? 0), 0)
  const size = estimated === 0 ? '' : `, about ${formatCount(estimated)} rows`
  const summary = [
    `${plan.pipeline} ${terminal.errTheme.symbols.arrow} ${plan.target.label}: ${plural(plan.entities.length, 'entity', 'entities')}${size}`,
    ...dangers.map(danger => `  ${terminal.errTheme.symbols.warning} ${danger}`),
  ]
  terminal.err(`${summary.map(printable).join('\n')}\n`)
  const prompt = createInterface({ input: io.stdin, output: io.stderr })
  try {
    const answer = await prompt.question('Go on? [y/N] ')
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    prompt.close()
  }
  throw new EtlError('E514', 'not confirmed; nothing was written', { where: plan.target.label })
}
