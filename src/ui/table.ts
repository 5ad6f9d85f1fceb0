import { wrap } from './wrap.js'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Less is no place to continue a cell in. */
const MIN_LAST = 16

/**
 * Rows under their titles, two spaces between columns, each column as wide as it needs; no space at the end of a line. In
 * fewer columns than that the last column is continued below itself.
 *
 * @param width default: as wide as it needs
 */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  indent = '',
  width = Number.POSITIVE_INFINITY,
): string[] {
  const all = [columns.map(column => column.title), ...rows]
  const widths = columns.map((_, i) => Math.max(...all.map(row => [...(row[i] ?? '')].length)))
  const last = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, indent.length)
  const hang = width - last < MIN_LAST ? indent.length + 2 : last
  return all.flatMap(row => {
    const cells = columns.map((column, i) => {
      const text = row[i] ?? ''
      const space = ' '.repeat((widths[i] ?? 0) - [...text].length)
      return column.align === 'left' ? text + space : space + text
    })
    return wrap((indent + cells.join('  ')).trimEnd(), width, hang)
  })
}
