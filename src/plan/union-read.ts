import { MEMBER } from '../core/catalog.js'
import { toJson } from '../core/row.js'
import type { PassRead } from './pass.js'
import type { MemberPlan } from './plan.js'
import type { MemberShape } from './source-shape.js'

type Columns = PassRead['columns']

/** What one member reads so that the union has these columns. */
export function unionRead({ name, where, shape, values }: MemberShape, union: PassRead): MemberPlan {
  const own = (column: string): string | undefined => {
    const value = values.get(column)
    return value !== undefined && 'column' in value ? value.column : undefined
  }
  const wanted = new Map(union.columns.flatMap(column => [[own(column.name), column] as const]))
  const needed = new Set([...wanted.keys(), ...shape.key, ...shape.order])
  const columns: Columns = shape.columns
    .filter(column => needed.has(column.name))
    .map(({ name, type, native, nullable }) => {
      const column = wanted.get(name)
      // Values of other types than the union's come in their canonical form, which the union's type takes too.
      const differs = column !== undefined && JSON.stringify(column.type) !== JSON.stringify(type)
      const isKey = shape.key.includes(name) && type.kind === 'timestamp'
      return { name, type, native, nullable, decode: column?.decode === true || differs || isKey }
    })
  const place = (column: string): number => columns.findIndex(c => c.name === column)
  const mark = union.mark === undefined ? undefined : own(union.columns[union.mark]?.name ?? '')
  return {
    name,
    read: {
      from: shape.from,
      columns,
      ...(where === undefined ? {} : { where }),
      ...(shape.version === undefined ? {} : { version: shape.version }),
      ...(shape.snapshot === undefined ? {} : { snapshot: shape.snapshot }),
      order: shape.order.map(place),
      key: shape.key.map(place),
      ...(mark === undefined ? {} : { mark: place(mark) }),
    },
    values: union.columns.map(column => {
      const value = values.get(column.name)
      if (column.name === MEMBER) return { value: name }
      if (value === undefined) return { value: null }
      return 'column' in value ? { index: place(value.column) } : { value: toJson(value.constant) }
    }),
    ...(shape.estimatedRows === undefined ? {} : { estimatedRows: shape.estimatedRows }),
  }
}
