import type { DoctorReport } from '../doctor/doctor.js'
import type { Finding } from '../doctor/finding.js'
import { plural, printable } from './format.js'
import { paint, type Theme } from './theme.js'
import { wrap } from './wrap.js'

/** What was found, place by place; below what is not well, what to do. */
export function doctorText(
  { findings, ok }: DoctorReport,
  { theme, width }: { readonly theme: Theme; readonly width: number },
): string {
  const places = [...new Set(findings.map(({ where }) => where))]
  const whatWidth = Math.max(...findings.filter(({ what }) => what.length <= 24).map(({ what }) => what.length))
  const blocks = places.map(place => [
    ` ${paint(theme, 'strong', printable(place))}`,
    ...findings.filter(({ where }) => where === place).flatMap(each => findingLines(each, whatWidth, width, theme)),
  ])
  return `${[...blocks, [verdict(findings, ok, theme)]].map(lines => lines.join('\n')).join('\n\n')}\n`
}

function findingLines({ what, state, detail, code, hint }: Finding, whatWidth: number, width: number, theme: Theme) {
  const { symbols } = theme
  const mark = state === 'ok' ? symbols.done : state === 'warning' ? '!' : symbols.failed
  const tone = state === 'ok' ? 'good' : state === 'warning' ? 'warn' : 'bad'
  const told = printable(code === undefined ? detail : `${code} ${detail}`)
  const hang = 5 + whatWidth + 2
  const [first = '', ...rest] = wrap(`   ${mark} ${printable(what).padEnd(whatWidth)}  ${told}`, width, hang)
  const hints =
    hint === undefined
      ? []
      : wrap(`${' '.repeat(5)}${symbols.arrow} ${printable(hint)}`, width, symbols.arrow.length + 6)
  return [first.replace(mark, paint(theme, tone, mark)), ...rest, ...hints]
}

function verdict(findings: readonly Finding[], ok: boolean, theme: Theme): string {
  const { symbols } = theme
  const count = (wanted: Finding['state']): number => findings.filter(({ state }) => state === wanted).length
  const warnings = count('warning')
  const also = warnings === 0 ? '' : `, ${plural(warnings, 'thing')} could be better`
  if (!ok) return ` ${paint(theme, 'bad', symbols.failed)} ${plural(count('failed'), 'thing')} to mend${also}`
  if (warnings > 0) return ` ${paint(theme, 'warn', '!')} works${also}`
  return ` ${paint(theme, 'good', symbols.done)} all is well`
}
