import type { InitResult } from '../init/init.js'
import { plural, printable } from './format.js'
import type { Theme } from './theme.js'
import { wrap } from './wrap.js'

export interface InitTextOptions {
  readonly theme: Theme
  readonly columns: number
  readonly file: string
  /** Files that were written, with what each is for. */
  readonly written: readonly (readonly [file: string, purpose: string])[]
  /** Variables that `.env` is to hold. */
  readonly asksFor: readonly string[]
  /** `.env.example` was there already and stays as it is. */
  readonly dotenvKept: boolean
}

const MOST_DECISIONS = 12

/** What `etl init` wrote, what is left to decide, and how to go on. */
export function initText(result: InitResult, options: InitTextOptions): string {
  const { theme, columns, file, written, asksFor, dotenvKept } = options
  const { proposal, decisions } = result
  const fields = proposal.entities.reduce((sum, { fields: all }) => sum + all.length, 0)
  const width = Math.max(...written.map(([name]) => name.length))
  const left = [
    ...(proposal.sourceLeft.length === 0
      ? []
      : [plural(proposal.sourceLeft.length, 'table of the source', 'tables of the source')]),
    ...(proposal.targetLeft.length === 0
      ? []
      : [plural(proposal.targetLeft.length, 'table of the target', 'tables of the target')]),
  ]
  const shown = grouped(decisions)
  const lines = [
    ` ${result.source.label} ${theme.symbols.arrow} ${result.target.label}`,
    ` ${plural(proposal.entities.length, 'entity', 'entities')}, ${plural(fields, 'field')}${left.length === 0 ? '' : `; without a partner: ${left.join(', ')}`}`,
    '',
    ...written.map(([name, purpose]) => ` ${theme.symbols.done} ${name.padEnd(width)}  ${purpose}`),
    ...(dotenvKept
      ? [
          ` ${theme.symbols.dot} .env.example is there already and was left as it is; the file asks for ${asksFor.join(', ')}`,
        ]
      : []),
    '',
    ...(decisions.length === 0
      ? [' Nothing is left to decide.']
      : [
          ` ${theme.symbols.warning} ${plural(decisions.length, 'decision')} left, each marked with \`decide\` in the file:`,
        ]),
    ...shown.slice(0, MOST_DECISIONS).map(text => `   ${text}`),
    ...(shown.length > MOST_DECISIONS ? [`   … and ${shown.length - MOST_DECISIONS} more`] : []),
    '',
    ' next',
    ...(asksFor.length === 0 ? [] : [`   put ${asksFor.join(', ')} into .env`]),
    `   etl validate ${file}`,
    `   etl plan ${file}`,
    `   etl run ${file} --dry-run`,
  ]
  return `${lines.flatMap(line => wrap(printable(line), columns, line.search(/\S/) + 2)).join('\n')}\n`
}

/** What is the same in many places is said once. */
function grouped(decisions: readonly string[]): string[] {
  const places = new Map<string, string[]>()
  for (const text of decisions) {
    const at = text.indexOf(': ')
    const what = text.slice(at + 2)
    places.set(what, [...(places.get(what) ?? []), text.slice(0, at)])
  }
  return [...places].map(([what, [first = '', ...more]]) =>
    more.length === 0 ? `${first}: ${what}` : `${first} and ${more.length} more: ${what}`,
  )
}
