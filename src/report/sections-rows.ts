import { CODES, type ErrorCode } from '../core/codes.js'
import { amount } from '../ui/coverage-text.js'
import { formatCount, plural } from '../ui/format.js'
import { UNICODE } from '../ui/theme.js'
import { html, type Markup } from './markup.js'
import type { SectionMaker } from './section.js'
import { htmlTable } from './table.js'

/** What the plan that the run followed said would become of the rows, beside what did. */
export const predictionSection: SectionMaker = ({ prediction = [] }) => {
  if (prediction.length === 0) return undefined
  const wrong = prediction.filter(({ fits }) => !fits)
  const counts = [...new Set(prediction.map(({ what }) => what))]
  const rows = [...new Set(prediction.map(({ entity }) => entity))].map(entity => {
    const mine = prediction.filter(each => each.entity === entity)
    const fit = mine.every(({ fits }) => fits)
    const cell = (what: string): Markup | undefined => {
      const one = mine.find(each => each.what === what)
      if (one === undefined) return html`<span class="faint">unknown</span>`
      const said =
        one.predicted.rows === 0 ? html`<span class="faint">·</span>` : amount(one.predicted, { symbols: UNICODE })
      return one.fits
        ? html`${said}`
        : html`<b class="warn">${said}</b><span class="keys">came to ${formatCount(one.happened)}</span>`
    }
    return [
      html`<span class="tag ${fit ? 'good' : 'warn'}">${fit ? 'came true' : 'otherwise'}</span>`,
      html`<b>${entity}</b>`,
      ...counts.map(cell),
    ]
  })
  const numeric = (what: string) => ({ title: `${what[0]?.toUpperCase()}${what.slice(1)}`, numeric: true })
  return {
    id: 'prediction',
    title: 'Prediction',
    lead:
      wrong.length === 0
        ? `All ${plural(prediction.length, 'number')} that the plan predicted came true.`
        : `${formatCount(wrong.length)} of the ${plural(prediction.length, 'number')} that the plan predicted came out otherwise.`,
    body: htmlTable(['', 'Entity', ...counts.map(numeric)], rows),
  }
}

/** Rows that were rejected, by cause. */
export const quarantineSection: SectionMaker = record => {
  const causes = record.entities
    .flatMap(entity => entity.rejects.map(reject => ({ entity: entity.name, ...reject })))
    .sort((a, b) => b.rows - a.rows)
  const unresolved = record.entities.filter(entity => entity.unresolved > 0)
  if (causes.length === 0 && unresolved.length === 0) return undefined
  const rows = causes.map(({ entity, field, code, message, rows }) => [
    html`<code>${code}</code>`,
    html`<b>${entity}</b>${field !== undefined && html`.<wbr>${field}`}`,
    html`${message}<span class="keys">${CODES[code as ErrorCode]}</span>`,
    formatCount(rows),
  ])
  return {
    id: 'quarantine',
    title: 'Rejected rows',
    lead: `${plural(record.counts.quarantined, 'row')} in quarantine, by cause. etl quarantine lists them; etl quarantine retry loads them again once the cause is removed.`,
    body: html`${rows.length > 0 && htmlTable(['Code', 'Where', 'Why', { title: 'Rows', numeric: true }], rows)}${unresolved.map(
      ({ name, unresolved }) => html`<p>${name}: ${plural(unresolved, 'row')} loaded without deferred columns</p>`,
    )}`,
  }
}

/** Values that are in the target but not as the source had them, because the file allows it. */
export const changedSection: SectionMaker = record => {
  const rows = record.entities.flatMap(({ name, losses, substituted }) => [
    ...losses.map(({ field, rows }) => [
      html`<b>${name}</b>.<wbr>${field}`,
      'rounded or truncated (on_lossy)',
      formatCount(rows),
    ]),
    ...substituted.map(({ field, rows }) => [
      html`<b>${name}</b>.<wbr>${field}`,
      'replaced (on_invalid, unmapped, on_missing)',
      formatCount(rows),
    ]),
  ])
  if (rows.length === 0) return undefined
  return {
    id: 'changed',
    title: 'Changed values',
    lead: 'Values that could not be kept as they were and were changed because the file says so.',
    body: htmlTable(['Field', 'How', { title: 'Rows', numeric: true }], rows),
  }
}

export const warningsSection: SectionMaker = ({ warnings }) =>
  warnings.length === 0
    ? undefined
    : { id: 'warnings', title: 'Warnings', body: html`<ul>${warnings.map(text => html`<li>${text}</li>`)}</ul>` }
