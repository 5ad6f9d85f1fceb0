import type { ColumnLineage } from '../history/record.js'
import { html, type Markup } from './markup.js'
import type { SectionMaker } from './section.js'

/** From which source column, and through what, each target column is made. */
export const lineageSection: SectionMaker = ({ lineage }) => {
  if (lineage.length === 0) return undefined
  return {
    id: 'lineage',
    title: 'Lineage',
    lead: 'Where every target column comes from, and what happens to its value on the way.',
    body: html`${lineage.map(
      ({
        entity,
        from,
        to,
        columns,
      }) => html`<div class="lineage"><h3>${entity} <span class="soft mono">${from} → ${to}</span></h3>
<table><thead><tr><th>Source column</th><th>Through</th><th>Target column</th></tr></thead><tbody>${columns.map(row)}</tbody></table></div>`,
    )}`,
  }
}

function row({ target, type, sources, steps }: ColumnLineage): Markup {
  const through = steps.map(
    ({ text }, i) => html`${i > 0 && html`<span class="arrow">→</span>`}<span class="chip">${text}</span>`,
  )
  return html`<tr><td class="mono">${sources.length === 0 ? html`<span class="faint">—</span>` : sources.join(', ')}</td>
<td>${through.length === 0 ? html`<span class="faint">as it is</span>` : through}</td><td><span class="mono">${target}</span> <span class="faint">${type}</span></td></tr>`
}
