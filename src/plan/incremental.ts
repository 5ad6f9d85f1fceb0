import type { LogicalType } from '../core/types.js'
import type { Draft } from './draft.js'
import { columnProblem } from './source-shape.js'

/** Types whose order every database knows and whose values come back exactly. */
const ORDERED: ReadonlySet<LogicalType['kind']> = new Set(['integer', 'decimal', 'date', 'timestamp', 'text', 'any'])

/** Can the column say what is new, in every place that is read? */
export function checkIncremental({ spec, source, problems }: Draft): void {
  if (spec.incremental === undefined) return
  const path = [...spec.path, 'incremental', 'column']
  const column = columnProblem(spec.incremental.column, source.columns, source.label, path, problems)
  if (column === undefined) return
  const places =
    source.from.kind === 'union'
      ? source.from.members.map(({ name, shape, values }) => ({ name, shape, value: values.get(column.name) }))
      : [{ name: source.label, shape: source, value: { column: column.name } }]
  for (const { name, shape, value } of places) {
    const own = value !== undefined && 'column' in value ? value.column : undefined
    const found = shape.columns.find(c => c.name === own)
    if (found === undefined || found.pseudo === true) {
      problems.error('E217', path, `${name} has no column ${column.name} to tell what is new`, 'each member needs it')
    } else if (!ORDERED.has(found.type.kind)) {
      const message = `${column.name} is ${found.type.kind} in ${name}: it cannot say what is new`
      problems.error('E217', path, message, 'use a time of change or a counter')
    }
  }
}
