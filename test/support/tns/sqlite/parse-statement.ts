import type { Assignment, Expr, Statement } from './ast.js'
import { parseAlterTable, parseCreate } from './parse-ddl.js'
import { parseExpression } from './parse-expression.js'
import { fromItem, optionalAlias, parseSelect, tableName } from './parse-select.js'
import { TokenStream } from './token-stream.js'

/** One statement; anything that is not wholly understood is refused with the text it stopped at. */
export function parseStatement(sql: string): Statement {
  const tokens = new TokenStream(sql, parseSelect)
  const statement = parse(tokens)
  tokens.end()
  return statement
}

function parse(tokens: TokenStream): Statement {
  if (tokens.sees('SELECT') || tokens.sees('WITH') || tokens.sees('('))
    return { is: 'select', select: parseSelect(tokens) }
  if (tokens.take('INSERT', 'INTO')) return insert(tokens)
  if (tokens.take('UPDATE')) return update(tokens)
  if (tokens.take('DELETE')) return remove(tokens)
  if (tokens.take('MERGE', 'INTO')) return merge(tokens)
  if (tokens.take('CREATE')) return parseCreate(tokens)
  if (tokens.take('ALTER', 'TABLE')) return parseAlterTable(tokens)
  if (tokens.take('ALTER', 'SESSION', 'SET')) return alterSession(tokens)
  if (tokens.take('TRUNCATE', 'TABLE')) return { is: 'truncate', table: tableName(tokens) }
  if (tokens.take('DROP')) return drop(tokens)
  if (tokens.take('COMMIT')) return { is: 'commit' }
  if (tokens.take('SAVEPOINT')) return { is: 'savepoint', name: tokens.name() }
  if (tokens.take('ROLLBACK')) {
    if (!tokens.take('TO')) return { is: 'rollback' }
    tokens.take('SAVEPOINT')
    return { is: 'rollback', to: tokens.name() }
  }
  if (tokens.take('SET', 'TRANSACTION')) {
    if (tokens.take('READ', 'ONLY')) return { is: 'setTransaction', readOnly: true }
    if (tokens.take('READ', 'WRITE') || tokens.take('ISOLATION', 'LEVEL', 'READ', 'COMMITTED'))
      return { is: 'setTransaction', readOnly: false }
  }
  if (tokens.take('SET', 'CONSTRAINTS', 'ALL')) {
    if (tokens.take('IMMEDIATE')) return { is: 'setConstraints', immediate: true }
    if (tokens.take('DEFERRED')) return { is: 'setConstraints', immediate: false }
  }
  throw tokens.refusal()
}

function insert(tokens: TokenStream): Statement {
  const table = tableName(tokens)
  const columns = tokens.sees('(') ? tokens.list(() => tokens.name()) : undefined
  const row = (): Expr[] => tokens.list(() => parseExpression(tokens))
  const values = tokens.take('VALUES') ? tokens.commas(row) : parseSelect(tokens)
  return { is: 'insert', table, columns, values, returning: returning(tokens) }
}

/** The binds behind INTO take no values in, so they are not counted among the inputs. */
function returning(tokens: TokenStream): Expr[] {
  if (!tokens.take('RETURNING') && !tokens.take('RETURN')) return []
  const items = tokens.commas(() => parseExpression(tokens))
  tokens.need('INTO')
  const targets = tokens.commas(() => {
    const token = tokens.next()
    if (token.kind !== 'bind') throw tokens.refusal()
  })
  if (targets.length !== items.length) throw tokens.refusal()
  return items
}

function assignments(tokens: TokenStream): Assignment[] {
  return tokens.commas(() => {
    let column = tokens.name()
    if (tokens.take('.')) column = tokens.name()
    tokens.need('=')
    return { column, expr: parseExpression(tokens) }
  })
}

function update(tokens: TokenStream): Statement {
  const table = tableName(tokens)
  const alias = optionalAlias(tokens)
  tokens.need('SET')
  const set = assignments(tokens)
  const where = tokens.take('WHERE') ? parseExpression(tokens) : undefined
  return { is: 'update', table, set, where, returning: returning(tokens), ...(alias === undefined ? {} : { alias }) }
}

function remove(tokens: TokenStream): Statement {
  tokens.take('FROM')
  const table = tableName(tokens)
  const alias = optionalAlias(tokens)
  const where = tokens.take('WHERE') ? parseExpression(tokens) : undefined
  return { is: 'delete', table, where, returning: returning(tokens), ...(alias === undefined ? {} : { alias }) }
}

function merge(tokens: TokenStream): Statement {
  const table = tableName(tokens)
  const alias = optionalAlias(tokens)
  tokens.need('USING')
  const source = fromItem(tokens)
  tokens.need('ON', '(')
  const on = parseExpression(tokens)
  tokens.need(')')
  const statement: { -readonly [K in keyof (Statement & { is: 'merge' })]: (Statement & { is: 'merge' })[K] } = {
    is: 'merge',
    table,
    source,
    on,
    ...(alias === undefined ? {} : { alias }),
  }
  const where = (): Expr | undefined => (tokens.take('WHERE') ? parseExpression(tokens) : undefined)
  for (;;) {
    if (tokens.take('WHEN', 'MATCHED', 'THEN', 'UPDATE', 'SET')) {
      const set = assignments(tokens)
      statement.update = { set, where: where() }
    } else if (tokens.take('WHEN', 'NOT', 'MATCHED', 'THEN', 'INSERT')) {
      const columns = tokens.list(() => {
        const name = tokens.name()
        return tokens.take('.') ? tokens.name() : name
      })
      tokens.need('VALUES')
      const values = tokens.list(() => parseExpression(tokens))
      statement.insert = { columns, values, where: where() }
    } else return statement
  }
}

function drop(tokens: TokenStream): Statement {
  const what = tokens.takeOne(['TABLE', 'VIEW', 'INDEX', 'SEQUENCE']) as
    | 'TABLE'
    | 'VIEW'
    | 'INDEX'
    | 'SEQUENCE'
    | undefined
  if (what === undefined) throw tokens.refusal()
  const name = tableName(tokens)
  const cascade = tokens.take('CASCADE', 'CONSTRAINTS')
  tokens.take('PURGE')
  return { is: 'drop', what, name, cascade }
}

function alterSession(tokens: TokenStream): Statement {
  const settings: (readonly [string, string])[] = []
  while (tokens.here.kind === 'word') {
    const name = tokens.name()
    tokens.need('=')
    settings.push([name, tokens.next().text])
  }
  return { is: 'alterSession', settings }
}
