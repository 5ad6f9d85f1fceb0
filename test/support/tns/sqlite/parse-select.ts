import type { Expr, From, OrderItem, Select, TableName } from './ast.js'
import { parseExpression, sum } from './parse-expression.js'
import type { TokenStream } from './token-stream.js'

const CLAUSES = new Set([
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'UNION',
  'INTERSECT',
  'MINUS',
  'FETCH',
  'OFFSET',
  'FOR',
  'ON',
  'JOIN',
  'INNER',
  'LEFT',
  'RIGHT',
  'FULL',
  'CROSS',
  'SET',
  'WHEN',
  'USING',
  'AS',
  'RETURNING',
  'RETURN',
  'VALUES',
  'LOG',
])

export function parseSelect(tokens: TokenStream): Select {
  const withs: { name: string; select: Select }[] = []
  if (tokens.take('WITH')) {
    do {
      const name = tokens.name()
      tokens.need('AS', '(')
      const select = parseSelect(tokens)
      tokens.need(')')
      withs.push({ name, select })
    } while (tokens.take(','))
  }
  const first = core(tokens)
  const union: { op: Select['union'][number]['op']; select: Select }[] = []
  for (;;) {
    const op = tokens.take('UNION', 'ALL')
      ? ('union all' as const)
      : ({ UNION: 'union', INTERSECT: 'intersect', MINUS: 'except' } as const)[
          tokens.takeOne(['UNION', 'INTERSECT', 'MINUS']) ?? ''
        ]
    if (op === undefined) break
    union.push({ op, select: core(tokens) })
  }
  return { ...first, with: withs, union, ...tail(tokens) }
}

function core(tokens: TokenStream): Select {
  if (tokens.take('(')) {
    const inner = parseSelect(tokens)
    tokens.need(')')
    return inner
  }
  tokens.need('SELECT')
  const distinct = tokens.take('DISTINCT') || tokens.take('UNIQUE')
  if (!distinct) tokens.take('ALL')
  const items = tokens.commas(() => item(tokens))
  const from = tokens.take('FROM') ? parseFrom(tokens) : undefined
  const where = tokens.take('WHERE') ? parseExpression(tokens) : undefined
  const groupBy = tokens.take('GROUP', 'BY') ? tokens.commas(() => sum(tokens)) : []
  const having = tokens.take('HAVING') ? parseExpression(tokens) : undefined
  return {
    with: [],
    distinct,
    items,
    from,
    where,
    groupBy,
    having,
    union: [],
    orderBy: [],
    offset: undefined,
    rows: undefined,
    lock: undefined,
  }
}

function tail(tokens: TokenStream): Pick<Select, 'orderBy' | 'offset' | 'rows' | 'lock'> {
  const orderBy = tokens.take('ORDER', 'BY') ? tokens.commas(() => orderItem(tokens)) : []
  let offset: Expr | undefined
  if (tokens.take('OFFSET')) {
    offset = sum(tokens)
    if (!tokens.take('ROWS')) tokens.need('ROW')
  }
  let rows: Expr | undefined
  if (tokens.take('FETCH')) {
    if (!tokens.take('FIRST')) tokens.need('NEXT')
    rows = tokens.sees('ROW') || tokens.sees('ROWS') ? { is: 'number', value: '1' } : sum(tokens)
    if (!tokens.take('ROWS')) tokens.need('ROW')
    tokens.need('ONLY')
  }
  let lock: Select['lock']
  if (tokens.take('FOR', 'UPDATE')) {
    if (tokens.take('OF')) tokens.commas(() => columnPath(tokens))
    lock = tokens.take('NOWAIT') ? 'nowait' : 'wait'
    if (lock === 'wait' && tokens.take('WAIT')) tokens.number()
  }
  return { orderBy, offset, rows, lock }
}

function columnPath(tokens: TokenStream): void {
  tokens.name()
  while (tokens.take('.')) tokens.name()
}

function item(tokens: TokenStream): Select['items'][number] {
  if (tokens.take('*')) return { star: undefined }
  if (tokens.ahead(1).text === '.' && tokens.ahead(2).text === '*' && tokens.ahead(2).kind === 'sign') {
    const star = tokens.name()
    tokens.need('.', '*')
    return { star }
  }
  const expr = parseExpression(tokens)
  if (tokens.take('AS')) return { expr, alias: tokens.name() }
  const alias = optionalAlias(tokens)
  return alias === undefined ? { expr } : { expr, alias }
}

export function optionalAlias(tokens: TokenStream): string | undefined {
  const { kind, text } = tokens.here
  return kind === 'name' || (kind === 'word' && !CLAUSES.has(text)) ? tokens.name() : undefined
}

function orderItem(tokens: TokenStream): OrderItem {
  const expr = sum(tokens)
  const descending = tokens.take('DESC')
  if (!descending) tokens.take('ASC')
  const nullsFirst = tokens.take('NULLS', 'FIRST') || (tokens.take('NULLS', 'LAST') ? false : descending)
  return { expr, descending, nullsFirst }
}

export function tableName(tokens: TokenStream): TableName {
  const first = tokens.name()
  return tokens.take('.') ? { schema: first, name: tokens.name() } : { name: first }
}

export function parseFrom(tokens: TokenStream): From {
  let left = joined(tokens)
  while (tokens.take(',')) left = { is: 'join', kind: 'cross', left, right: joined(tokens) }
  return left
}

function joined(tokens: TokenStream): From {
  let left = fromItem(tokens)
  for (;;) {
    if (tokens.take('CROSS', 'JOIN')) {
      left = { is: 'join', kind: 'cross', left, right: fromItem(tokens) }
      continue
    }
    const outer = tokens.take('LEFT', 'OUTER', 'JOIN') || tokens.take('LEFT', 'JOIN')
    if (!outer && !tokens.take('INNER', 'JOIN') && !tokens.take('JOIN')) return left
    const right = fromItem(tokens)
    tokens.need('ON')
    left = { is: 'join', kind: outer ? 'left' : 'inner', left, right, on: parseExpression(tokens) }
  }
}

export function fromItem(tokens: TokenStream): From {
  if (tokens.take('(')) {
    const select = parseSelect(tokens)
    tokens.need(')')
    return { is: 'select', select, ...flashbackAndAlias(tokens) }
  }
  return { is: 'table', table: tableName(tokens), ...flashbackAndAlias(tokens) }
}

function flashbackAndAlias(tokens: TokenStream): { readonly alias?: string; readonly asOf?: Expr } {
  const asOf = tokens.take('AS', 'OF', 'SCN') ? sum(tokens) : undefined
  const alias = optionalAlias(tokens)
  return { ...(alias === undefined ? {} : { alias }), ...(asOf === undefined ? {} : { asOf }) }
}
