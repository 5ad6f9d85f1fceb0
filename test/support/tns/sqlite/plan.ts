import type { OutputColumn, Statement as WireStatement } from '../backend.js'
import { notUnderstood } from '../ora-error.js'
import type { Select, Statement } from './ast.js'
import type { Typed } from './convert.js'
import { type DmlPlan, type MergePlan, planDelete, planInsert, planMerge, planUpdate } from './dml.js'
import { condition, type Environment } from './translate.js'
import { tableSource, translateSelect } from './translate-select.js'

export interface QueryPlan {
  readonly is: 'query'
  readonly sql: string
  readonly columns: readonly OutputColumn[]
  readonly lock: { readonly table: string; readonly sql: string; readonly nowait: boolean } | undefined
  readonly asOf: Typed | undefined
}

export type Plan = QueryPlan | DmlPlan | MergePlan | { readonly is: 'other'; readonly statement: Statement }

/** A prepared statement: what the wire needs to know, and what to run. */
export interface Prepared extends WireStatement {
  readonly plan: Plan
  readonly version: number
}

export function prepare(statement: Statement, env: Environment): Prepared {
  const plan = planOf(statement, env)
  return {
    kind: plan.is === 'query' ? 'query' : plan.is === 'other' ? 'other' : 'dml',
    columns: plan.is === 'query' ? plan.columns : [],
    returning: 'returning' in plan ? plan.returning.length : 0,
    plan,
    version: env.catalog.version,
  }
}

function planOf(statement: Statement, env: Environment): Plan {
  switch (statement.is) {
    case 'select': {
      const { sql, columns } = translateSelect(statement.select, undefined, env)
      const { scns, present } = env.flashback
      if (scns.length > 0 && present) throw notUnderstood('the past and the present in one statement')
      return { is: 'query', sql, columns, lock: lockOf(statement.select, env), asOf: scns[0] }
    }
    case 'insert':
      return planInsert(statement, env)
    case 'update':
      return planUpdate(statement, env)
    case 'delete':
      return planDelete(statement, env)
    case 'merge':
      return planMerge(statement, env)
    default:
      return { is: 'other', statement }
  }
}

function lockOf(select: Select, env: Environment): QueryPlan['lock'] {
  if (select.lock === undefined) return undefined
  if (select.from?.is !== 'table') throw notUnderstood('FOR UPDATE of more than one table')
  const table = env.catalog.needTable(select.from.table, env.schema)
  const source = tableSource(table, select.from.alias ?? table.name, table.physical, env)
  const where =
    select.where === undefined ? '' : ` WHERE ${condition(select.where, { sources: [source], outer: undefined }, env)}`
  return { table: table.physical, sql: `SELECT rowid FROM ${table.physical}${where}`, nowait: select.lock === 'nowait' }
}
