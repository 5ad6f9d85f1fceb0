export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Rows under their titles, two spaces between columns, each column as wide as it needs; no space at the end of a line. */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[], indent = ''): string[] {
  const all = [columns.map(column => column.title), ...rows]
  const widths = columns.map((_, i) => Math.max(...all.map(row => [...(row[i] ?? '')].length)))
  return all.map(row => {
    const cells = columns.map((column, i) => {
      const text = row[i] ?? ''
      const space = ' '.repeat((widths[i] ?? 0) - [...text].length)
      return column.align === 'left' ? text + space : space + text
    })
    return (indent + cells.join('  ')).trimEnd()
  })
}
