import type { Expr } from './ast.js'
import { parseType } from './parse-type.js'
import type { TokenStream } from './token-stream.js'

const COMPARISONS = ['=', '<>', '!=', '^=', '<=', '>=', '<', '>']

/** A value or a condition, by falling precedence from `or` down to a single name. */
export function parseExpression(tokens: TokenStream): Expr {
  let left = conjunction(tokens)
  while (tokens.take('OR')) left = { is: 'logic', op: 'or', left, right: conjunction(tokens) }
  return left
}

function conjunction(tokens: TokenStream): Expr {
  let left = negation(tokens)
  while (tokens.take('AND')) left = { is: 'logic', op: 'and', left, right: negation(tokens) }
  return left
}

function negation(tokens: TokenStream): Expr {
  return tokens.take('NOT') ? { is: 'not', expr: negation(tokens) } : condition(tokens)
}

function condition(tokens: TokenStream): Expr {
  if (tokens.take('EXISTS')) {
    tokens.need('(')
    const select = tokens.subselect()
    tokens.need(')')
    return { is: 'exists', select }
  }
  const left = sum(tokens)
  const op = tokens.takeOne(COMPARISONS)
  if (op !== undefined) {
    return { is: 'compare', op: op === '!=' || op === '^=' ? '<>' : op, left, right: sum(tokens) }
  }
  if (tokens.take('IS')) {
    const negated = tokens.take('NOT')
    tokens.need('NULL')
    return { is: 'isnull', expr: left, negated }
  }
  const negated = tokens.take('NOT')
  if (tokens.take('IN')) {
    if (tokens.sees('(', 'SELECT') || tokens.sees('(', 'WITH')) {
      tokens.need('(')
      const list = tokens.subselect()
      tokens.need(')')
      return { is: 'in', expr: left, list, negated }
    }
    return { is: 'in', expr: left, list: tokens.list(() => sum(tokens)), negated }
  }
  if (tokens.take('BETWEEN')) {
    const low = sum(tokens)
    tokens.need('AND')
    return { is: 'between', expr: left, low, high: sum(tokens), negated }
  }
  if (tokens.take('LIKE')) {
    const pattern = sum(tokens)
    return { is: 'like', expr: left, pattern, negated, ...(tokens.take('ESCAPE') ? { escape: sum(tokens) } : {}) }
  }
  if (negated) throw tokens.refusal()
  return left
}

export function sum(tokens: TokenStream): Expr {
  let left = product(tokens)
  for (;;) {
    const op = tokens.takeOne(['+', '-', '||']) as '+' | '-' | '||' | undefined
    if (op === undefined) return left
    left = { is: 'arithmetic', op, left, right: product(tokens) }
  }
}

function product(tokens: TokenStream): Expr {
  let left = unary(tokens)
  for (;;) {
    const op = tokens.takeOne(['*', '/']) as '*' | '/' | undefined
    if (op === undefined) return left
    left = { is: 'arithmetic', op, left, right: unary(tokens) }
  }
}

function unary(tokens: TokenStream): Expr {
  if (tokens.take('-')) return { is: 'negative', expr: unary(tokens) }
  if (tokens.take('+')) return unary(tokens)
  let expr = primary(tokens)
  while (tokens.take('AT', 'TIME', 'ZONE')) {
    expr = { is: 'call', name: 'AT_TIME_ZONE', args: [expr, primary(tokens)], star: false, distinct: false }
  }
  return expr
}

function primary(tokens: TokenStream): Expr {
  const token = tokens.here
  if (token.kind === 'text') return { is: 'text', value: tokens.next().text }
  if (token.kind === 'number') return { is: 'number', value: tokens.next().text }
  if (token.kind === 'bind') {
    tokens.next()
    return { is: 'bind', index: tokens.binds++ }
  }
  if (tokens.take('(')) {
    if (tokens.sees('SELECT') || tokens.sees('WITH')) {
      const select = tokens.subselect()
      tokens.need(')')
      return { is: 'subquery', select }
    }
    const items = tokens.commas(() => parseExpression(tokens))
    tokens.need(')')
    return items.length === 1 ? (items[0] as Expr) : { is: 'row', items }
  }
  if (token.kind === 'word') {
    const special = keyword(tokens)
    if (special !== undefined) return special
  }
  const path = [tokens.name()]
  while (tokens.take('.')) path.push(tokens.name())
  return tokens.sees('(') && token.kind === 'word' ? call(tokens, path.join('.')) : { is: 'column', path }
}

function keyword(tokens: TokenStream): Expr | undefined {
  if (tokens.take('NULL')) return { is: 'null' }
  if (tokens.take('DEFAULT')) return { is: 'default' }
  if (tokens.take('CASE')) return cases(tokens)
  if (tokens.sees('CAST', '(')) {
    tokens.need('CAST', '(')
    const expr = parseExpression(tokens)
    tokens.need('AS')
    const type = parseType(tokens)
    if (type === undefined) throw tokens.refusal()
    tokens.need(')')
    return { is: 'cast', expr, type: type.type }
  }
  if ((tokens.sees('DATE') || tokens.sees('TIMESTAMP')) && tokens.ahead(1).kind === 'text') {
    const kind = tokens.next().text as 'DATE' | 'TIMESTAMP'
    return { is: 'moment', kind, value: tokens.text() }
  }
  return undefined
}

function cases(tokens: TokenStream): Expr {
  const operand = tokens.sees('WHEN') ? undefined : sum(tokens)
  const whens: (readonly [Expr, Expr])[] = []
  while (tokens.take('WHEN')) {
    const when = parseExpression(tokens)
    tokens.need('THEN')
    whens.push([when, parseExpression(tokens)])
  }
  const otherwise = tokens.take('ELSE') ? parseExpression(tokens) : undefined
  tokens.need('END')
  return {
    is: 'case',
    whens,
    ...(operand === undefined ? {} : { operand }),
    ...(otherwise === undefined ? {} : { otherwise }),
  }
}

function call(tokens: TokenStream, name: string): Expr {
  tokens.need('(')
  const star = tokens.take('*')
  const distinct = tokens.take('DISTINCT')
  const args = star || tokens.sees(')') ? [] : tokens.commas(() => parseExpression(tokens))
  tokens.need(')')
  if (tokens.sees('OVER')) throw tokens.refusal()
  return { is: 'call', name, args, star, distinct }
}
