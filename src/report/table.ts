import { type Content, html, type Markup } from './markup.js'

export interface TableColumn {
  readonly title: string
  readonly numeric?: boolean
}

/** A table that scrolls for itself where the window is too narrow. */
export function htmlTable(
  columns: readonly (string | TableColumn)[],
  rows: readonly (readonly Content[])[],
  foot?: readonly Content[],
): Markup {
  const heads = columns.map(column => (typeof column === 'string' ? { title: column, numeric: false } : column))
  const cells = (row: readonly Content[]): Markup[] =>
    row.map((cell, i) => (heads[i]?.numeric === true ? html`<td class="num">${cell}</td>` : html`<td>${cell}</td>`))
  return html`<div class="scroll"><table><thead><tr>${heads.map(({ title, numeric }) =>
    numeric === true ? html`<th class="num">${title}</th>` : html`<th>${title}</th>`,
  )}</tr></thead><tbody>${rows.map(row => html`<tr>${cells(row)}</tr>`)}</tbody>${
    foot !== undefined && html`<tfoot><tr>${cells(foot)}</tr></tfoot>`
  }</table></div>`
}
