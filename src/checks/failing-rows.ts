import type { Dialect } from '../core/connector.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { CheckRows } from '../plan/plan.js'
import type { CheckRule } from '../spec/model.js'

type SqlRows = CheckRows & { readonly kind: 'sql' }
/** The rules that SQL says by the rows that break them. */
export type RowRule = Exclude<CheckRule, { kind: 'matches' | 'row_count' | 'sql' }>

/** A query that gives what breaks the rule, by the columns that name it. */
export function failingRows(rule: RowRule, rows: SqlRows, dialect: Dialect): string {
  const r = (name: string): string => `r.${quoteName(dialect, name)}`
  const o = (name: string): string => `o.${quoteName(dialect, name)}`
  const from = rowsSql(rows, dialect)
  const shown = rows.shown.map(({ name }) => r(name)).join(', ') || `1 as ${quoteName(dialect, 'n')}`
  const breaking = (predicate: string): string => `select ${shown} from ${from} where ${predicate}`
  switch (rule.kind) {
    case 'unique': {
      const names = rule.columns.map(r).join(', ')
      const given = rule.columns.map(name => `${r(name)} is not null`).join(' and ')
      return `select ${names} from ${from} where ${given} group by ${names} having count(*) > 1`
    }
    case 'not_null':
      return breaking(rule.columns.map(name => `${r(name)} is null`).join(' or '))
    case 'accepted': {
      const values = rule.values.flatMap(value => (isConstant(value) ? dialect.literal(value) : []))
      const given = `${r(rule.column)} is not null`
      return breaking(values.length === 0 ? given : `${given} and ${r(rule.column)} not in (${values.join(', ')})`)
    }
    case 'range': {
      const { column, min, max } = rule
      const parts = [
        ...(min === undefined ? [] : [`${r(column)} < ${dialect.literal(min)}`]),
        ...(max === undefined ? [] : [`${r(column)} > ${dialect.literal(max)}`]),
      ]
      return breaking(parts.join(' or '))
    }
    case 'references': {
      const there = `select 1 from ${quoteTable(dialect, rule.table)} o where ${o(rule.to)} = ${r(rule.column)}`
      return breaking(`${r(rule.column)} is not null and not exists (${there})`)
    }
    case 'consistent': {
      const joined = rule.on.map(([here, there]) => `${o(there ?? here)} = ${r(here)}`).join(' and ')
      const [here, there] = [r(rule.column), o(rule.with)]
      const differs = `${here} <> ${there} or (${here} is null and ${there} is not null) or (${here} is not null and ${there} is null)`
      return `select ${shown} from ${from} join ${quoteTable(dialect, rule.table)} o on ${joined} where ${differs}`
    }
  }
}

/** What the rows are selected from, called `r`. */
function rowsSql({ from, where }: SqlRows, dialect: Dialect): string {
  const place = 'table' in from ? quoteTable(dialect, from.table) : `(\n${from.query}\n)`
  return where === undefined ? `${place} r` : `(select * from ${place} q where ${where}) r`
}

function isConstant(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
