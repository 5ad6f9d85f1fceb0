import { CODES, type ErrorCode } from '../core/codes.js'
import { exampleText } from '../explain/example-text.js'
import type { Explanation } from '../explain/explanation.js'
import type { CodeGroup } from '../explain/explanations.js'
import { table } from './table.js'
import { paint, type Theme } from './theme.js'
import { wrap } from './wrap.js'

const INDENT = 3
const JOINT = '\ue000'

/** One code in full. */
export function explanationText(
  code: ErrorCode,
  { means, why, example, mend }: Explanation,
  { theme, width }: { readonly theme: Theme; readonly width: number },
): string {
  const dot = theme.symbols.dot
  const title = (text: string): string => ` ${paint(theme, 'strong', text)}`
  const lines = [
    ` ${paint(theme, 'bad', code)} ${paint(theme, 'strong', CODES[code])}`,
    '',
    ...prose(means, width),
    '',
    title('why it happens'),
    ...prose(why, width),
    '',
    title('example'),
    ...exampleLines(exampleText(code, example), width),
    '',
    title('how to mend it'),
    ...mend.flatMap(step => prose(`${dot} ${step}`, width, INDENT + 2)),
  ]
  const text = `${lines.join('\n')}\n`
  return theme.symbols.failed === '✖' ? text : text.replaceAll('✖', theme.symbols.failed)
}

/** Wrapped text whose commands are not broken: they are there to be copied. */
function prose(text: string, width: number, hang = INDENT): string[] {
  const whole = text.replace(/`[^`]*`/g, code => code.replaceAll(' ', JOINT))
  return wrap(`${' '.repeat(INDENT)}${whole}`, width, hang).map(line => line.replaceAll(JOINT, ' '))
}

function exampleLines(text: string, width: number): string[] {
  return text
    .trimStart()
    .split('\n')
    .flatMap(line => {
      const hang = /^\s*(?:(?:where|what|hint)\s+)?/.exec(line)?.[0].length ?? 0
      return line === '' ? [''] : wrap(`${' '.repeat(INDENT)}${line}`, width, INDENT + hang)
    })
}

/** All codes by group. */
export function codesText(
  groups: readonly CodeGroup[],
  options: { readonly theme: Theme; readonly width: number },
): string {
  const { theme, width } = options
  const blocks = groups.map(({ title, about, codes }) => {
    const rows = codes.map(code => [code, CODES[code]])
    const columns = [
      { title: '', align: 'left' },
      { title: '', align: 'left' },
    ] as const
    return [
      ` ${paint(theme, 'strong', title)}`,
      ...prose(about, width),
      ...table(columns, rows, '   ', width).slice(1),
    ].join('\n')
  })
  return `${blocks.join('\n\n')}\n\n ${theme.symbols.dot} etl explain CODE   what it means, why it happens, an example, how to mend it\n`
}
