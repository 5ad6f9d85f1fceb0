import type { OutputColumn } from '../backend.js'
import { notUnderstood, OraError } from '../ora-error.js'
import type { OraType } from '../ora-type.js'
import { encodeDate, encodeTimestamp } from '../oracle-date.js'
import { encodeDouble, encodeNumber } from '../oracle-number.js'
import type { Expr, Select } from './ast.js'
import { AGGREGATES, callAggregate, callFunction, wide } from './calls.js'
import type { Catalog } from './catalog.js'
import { comparable, convert, familyOf, type NlsFormats, sqlText, type Typed } from './convert.js'
import { parseMoment } from './formats.js'

export interface SourceColumn {
  readonly name: string
  readonly sql: string
  readonly type: OraType | undefined
  readonly nullable: boolean
}

export interface Source {
  readonly alias: string | undefined
  readonly schema?: string
  readonly columns: readonly SourceColumn[]
  readonly rowid?: string
}

export interface Scope {
  readonly sources: readonly Source[]
  readonly outer: Scope | undefined
}

export const EMPTY_SCOPE: Scope = { sources: [], outer: undefined }

export interface TranslatedSelect {
  readonly sql: string
  readonly columns: readonly OutputColumn[]
  /** Types with the untyped null left open. */
  readonly types: readonly (OraType | undefined)[]
}

/** What a translation needs to know beside the statement. */
export interface Environment {
  /** Translates a subquery: values and selects hold each other. */
  readonly select: (select: Select, outer: Scope | undefined, env: Environment) => TranslatedSelect
  readonly catalog: Catalog
  readonly schema: string
  readonly user: string
  readonly nls: NlsFormats
  readonly binds: readonly OraType[]
  /** Subqueries of WITH, by name. */
  readonly named: Map<string, Select>
  /** Number for aliases, unique within a statement. */
  readonly counter: { value: number }
  /** SCN expressions of `AS OF`, and whether a table is read without one. */
  readonly flashback: { readonly scns: Typed[]; present: boolean }
  /** Inside of what is read `AS OF`. */
  readonly past?: boolean
}

export function blob(bytes: Buffer): string {
  return `x'${bytes.toString('hex')}'`
}

/** An expression that gives a value. */
export function value(expr: Expr, scope: Scope, env: Environment): Typed {
  switch (expr.is) {
    case 'null':
      return { sql: 'NULL', type: undefined }
    case 'text':
      return {
        sql: sqlText(expr.value),
        type: expr.value === '' ? undefined : { kind: 'CHAR', length: Math.max(1, Buffer.byteLength(expr.value)) },
      }
    case 'number':
      if (/[dDfF]$/.test(expr.value))
        return { sql: blob(encodeDouble(Number(expr.value.slice(0, -1)))), type: { kind: 'BINARY_DOUBLE' } }
      return { sql: blob(encodeNumber(expr.value)), type: { kind: 'NUMBER' } }
    case 'moment':
      return expr.kind === 'DATE'
        ? { sql: blob(encodeDate(parseMoment(expr.value, 'YYYY-MM-DD'))), type: { kind: 'DATE' } }
        : {
            sql: blob(encodeTimestamp(parseMoment(expr.value, 'YYYY-MM-DD HH24:MI:SS.FF'))),
            type: { kind: 'TIMESTAMP', scale: 9 },
          }
    case 'bind': {
      const type = env.binds[expr.index]
      if (type === undefined) throw new OraError(1008, 'not all variables bound')
      return {
        sql: `@p${expr.index}`,
        type: familyOf(type) === 'text' && type.length === undefined ? { ...type, length: 4000 } : type,
      }
    }
    case 'column':
      return column(expr.path, scope, env)
    case 'negative':
      return { sql: `n_neg(${convert(value(expr.expr, scope, env), 'NUMBER', env.nls)})`, type: { kind: 'NUMBER' } }
    case 'arithmetic':
      return arithmetic(expr.op, value(expr.left, scope, env), value(expr.right, scope, env), env)
    case 'cast': {
      const inner = value(expr.expr, scope, env)
      return { sql: convert(inner, expr.type.kind, env.nls), type: expr.type }
    }
    case 'case':
      return cases(expr, scope, env)
    case 'call': {
      const args = expr.args.map(arg => value(arg, scope, env))
      return AGGREGATES.has(expr.name)
        ? callAggregate(expr.name, expr.star ? undefined : args[0], expr.distinct, env.nls)
        : callFunction(expr.name, args, env.nls)
    }
    case 'subquery': {
      const select = env.select(expr.select, scope, env)
      return { sql: `(${select.sql})`, type: select.columns[0]?.type }
    }
    case 'row':
    case 'default':
      throw new OraError(936, 'missing expression')
    default:
      throw notUnderstood('a condition where a value is wanted')
  }
}

function arithmetic(op: string, left: Typed, right: Typed, env: Environment): Typed {
  const { nls } = env
  if (op === '||') {
    const type: OraType =
      left.type?.kind === 'CLOB' || right.type?.kind === 'CLOB' ? { kind: 'CLOB' } : { kind: 'VARCHAR2', length: 4000 }
    return { sql: `cat(${convert(left, 'VARCHAR2', nls)}, ${convert(right, 'VARCHAR2', nls)})`, type }
  }
  const isMoment = (side: Typed): boolean => side.type !== undefined && familyOf(side.type) === 'moment'
  if (isMoment(left) && isMoment(right) && op === '-')
    return { sql: `m_minus(${left.sql}, ${right.sql})`, type: { kind: 'NUMBER' } }
  if (isMoment(left) && (op === '+' || op === '-')) {
    const days = convert(right, 'NUMBER', nls)
    return { sql: `m_plus(${left.sql}, ${op === '-' ? `n_neg(${days})` : days})`, type: { kind: 'DATE' } }
  }
  const name = { '+': 'n_add', '-': 'n_sub', '*': 'n_mul', '/': 'n_div' }[op] ?? ''
  return { sql: `${name}(${convert(left, 'NUMBER', nls)}, ${convert(right, 'NUMBER', nls)})`, type: { kind: 'NUMBER' } }
}

function cases(expr: Expr & { is: 'case' }, scope: Scope, env: Environment): Typed {
  const results = expr.whens.map(([, then]) => value(then, scope, env))
  const last = expr.otherwise === undefined ? undefined : value(expr.otherwise, scope, env)
  const type = [...results, ...(last === undefined ? [] : [last])].find(one => one.type !== undefined)?.type
  const as = (one: Typed): string => (type === undefined ? one.sql : convert(one, type.kind, env.nls))
  const operand = expr.operand === undefined ? undefined : value(expr.operand, scope, env)
  const whens = expr.whens.map(([when], i) => {
    if (operand === undefined) return `WHEN ${condition(when, scope, env)} THEN ${as(results[i] as Typed)}`
    const [left, right] = comparable(operand, value(when, scope, env), env.nls)
    return `WHEN ${left} = ${right} THEN ${as(results[i] as Typed)}`
  })
  return { sql: `CASE ${whens.join(' ')}${last === undefined ? '' : ` ELSE ${as(last)}`} END`, type: wide(type) }
}

/** An expression that is true, false or unknown. */
export function condition(expr: Expr, scope: Scope, env: Environment): string {
  const not = (negated: boolean): string => (negated ? 'NOT ' : '')
  switch (expr.is) {
    case 'logic':
      return `(${condition(expr.left, scope, env)} ${expr.op.toUpperCase()} ${condition(expr.right, scope, env)})`
    case 'not':
      return `NOT (${condition(expr.expr, scope, env)})`
    case 'compare': {
      if (expr.left.is === 'row') throw notUnderstood('a comparison of rows')
      const [left, right] = comparable(value(expr.left, scope, env), value(expr.right, scope, env), env.nls)
      return `${left} ${expr.op} ${right}`
    }
    case 'isnull':
      return `${value(expr.expr, scope, env).sql} IS ${not(expr.negated)}NULL`
    case 'exists':
      return `EXISTS (${env.select(expr.select, scope, env).sql})`
    case 'between': {
      const [low, high] = [expr.low, expr.high].map((bound, i) => {
        const [left, right] = comparable(value(expr.expr, scope, env), value(bound, scope, env), env.nls)
        return `${left} ${i === 0 ? '>=' : '<='} ${right}`
      })
      return `${not(expr.negated)}(${low} AND ${high})`
    }
    case 'like': {
      const parts = [expr.expr, expr.pattern, ...(expr.escape === undefined ? [] : [expr.escape])]
      return `${not(expr.negated)}t_like(${parts.map(part => convert(value(part, scope, env), 'VARCHAR2', env.nls)).join(', ')})`
    }
    case 'in':
      return membership(expr, scope, env)
    default:
      throw new OraError(920, 'invalid relational operator')
  }
}

function membership(expr: Expr & { is: 'in' }, scope: Scope, env: Environment): string {
  const lefts = expr.expr.is === 'row' ? expr.expr.items : [expr.expr]
  const typed = lefts.map(left => value(left, scope, env))
  const not = expr.negated ? 'NOT ' : ''
  if (!('items' in expr.list)) {
    const options = expr.list.map(option => {
      const rights = option.is === 'row' ? option.items : [option]
      return rights
        .map((right, i) => comparable(typed[i] as Typed, value(right, scope, env), env.nls).join(' = '))
        .join(' AND ')
    })
    return `${not}(${options.map(option => `(${option})`).join(' OR ')})`
  }
  const select = env.select(expr.list, scope, env)
  return `(${typed.map(one => one.sql).join(', ')}) ${not}IN (${select.sql})`
}

const NOW: Readonly<Record<string, Typed>> = {
  SYSDATE: { sql: 'm_date(x_now())', type: { kind: 'DATE' } },
  SYSTIMESTAMP: { sql: 'x_now()', type: { kind: 'TIMESTAMP_TZ', scale: 6 } },
  CURRENT_TIMESTAMP: { sql: 'x_now()', type: { kind: 'TIMESTAMP_TZ', scale: 6 } },
  USER: { sql: "x_context('USERENV', 'SESSION_USER')", type: { kind: 'VARCHAR2', length: 128 } },
  SESSIONTIMEZONE: { sql: "x_context('USERENV', 'TIME_ZONE')", type: { kind: 'VARCHAR2', length: 75 } },
  DBTIMEZONE: { sql: "'+00:00'", type: { kind: 'VARCHAR2', length: 75 } },
}

function column(path: readonly string[], scope: Scope, env: Environment): Typed {
  const name = path.at(-1) ?? ''
  const qualifier = path.at(-2)
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    const sources = level.sources.filter(source => qualifier === undefined || source.alias === qualifier)
    const found = sources.flatMap(source => source.columns.filter(candidate => candidate.name === name))
    if (found.length > 1) throw new OraError(918, `column ambiguously defined: ${name}`)
    const [only] = found
    if (only !== undefined) return { sql: only.sql, type: only.type, nullable: only.nullable }
    const [source] = sources
    if (name === 'ROWID' && source?.rowid !== undefined)
      return { sql: `x_rowid(${source.rowid})`, type: { kind: 'VARCHAR2', length: 18 } }
  }
  const now = path.length === 1 ? NOW[name] : undefined
  if (now !== undefined) return now
  const scn = path.join('.') === 'DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER'
  if (scn) return { sql: 'x_scn()', type: { kind: 'NUMBER' } }
  if ((name === 'NEXTVAL' || name === 'CURRVAL') && qualifier !== undefined) {
    const owner = path.at(-3)
    const sequence = env.catalog.sequence(
      { name: qualifier, ...(owner === undefined ? {} : { schema: owner }) },
      env.schema,
    )
    if (sequence === undefined) throw new OraError(2289, 'sequence does not exist')
    return {
      sql: `x_${name.toLowerCase()}(${sqlText(sequence.owner)}, ${sqlText(sequence.name)})`,
      type: { kind: 'NUMBER' },
    }
  }
  throw new OraError(904, `${path.map(part => `"${part}"`).join('.')}: invalid identifier`)
}
