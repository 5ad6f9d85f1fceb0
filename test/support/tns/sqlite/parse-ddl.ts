import type { AlterAction, ColumnDefinition, Constraint, Expr, Statement } from './ast.js'
import { parseExpression } from './parse-expression.js'
import { parseSelect, tableName } from './parse-select.js'
import { parseType } from './parse-type.js'
import type { TokenStream } from './token-stream.js'

export function parseCreate(tokens: TokenStream): Statement {
  const replace = tokens.take('OR', 'REPLACE')
  tokens.take('FORCE')
  if (tokens.take('VIEW')) {
    const view = tableName(tokens)
    const columns = tokens.sees('(') ? tokens.list(() => tokens.name()) : []
    tokens.need('AS')
    return { is: 'createView', view, columns, replace, select: parseSelect(tokens) }
  }
  if (replace) throw tokens.refusal()
  if (tokens.take('TABLE')) return createTable(tokens)
  const unique = tokens.take('UNIQUE')
  if (tokens.take('INDEX')) {
    const index = tableName(tokens)
    tokens.need('ON')
    const table = tableName(tokens)
    return { is: 'createIndex', index, table, unique, parts: tokens.list(() => indexPart(tokens)) }
  }
  if (!unique && tokens.take('SEQUENCE')) {
    const sequence = tableName(tokens)
    return { is: 'createSequence', sequence, start: sequenceOptions(tokens) }
  }
  throw tokens.refusal()
}

function indexPart(tokens: TokenStream): Expr {
  const expr = parseExpression(tokens)
  tokens.takeOne(['ASC', 'DESC'])
  return expr
}

function sequenceOptions(tokens: TokenStream): string {
  let start = '1'
  for (;;) {
    if (tokens.take('START', 'WITH')) start = tokens.next().text
    else if (tokens.take('INCREMENT', 'BY') || tokens.take('CACHE')) tokens.number()
    else if (tokens.takeOne(['NOCACHE', 'NOCYCLE', 'ORDER', 'NOORDER', 'NOMAXVALUE']) === undefined) return start
  }
}

function createTable(tokens: TokenStream): Statement {
  const table = tableName(tokens)
  if (tokens.take('AS')) return { is: 'createTable', table, columns: [], constraints: [], select: parseSelect(tokens) }
  const columns: ColumnDefinition[] = []
  const constraints: Constraint[] = []
  tokens.list(() => {
    const constraint = tableConstraint(tokens)
    if (constraint === undefined) columns.push(columnDefinition(tokens))
    else constraints.push(constraint)
  })
  return { is: 'createTable', table, columns, constraints }
}

function tableConstraint(tokens: TokenStream): Constraint | undefined {
  const mark = tokens.mark()
  const name = tokens.take('CONSTRAINT') ? tokens.name() : undefined
  const names = (): string[] => tokens.list(() => tokens.name())
  const base = { name }
  if (tokens.take('PRIMARY', 'KEY')) return deferrable(tokens, { ...base, kind: 'P', columns: names() })
  if (tokens.sees('UNIQUE', '(')) {
    tokens.need('UNIQUE')
    return deferrable(tokens, { ...base, kind: 'U', columns: names() })
  }
  if (tokens.take('FOREIGN', 'KEY')) return references(tokens, { ...base, kind: 'R', columns: names() })
  if (tokens.sees('CHECK', '(')) return { ...base, kind: 'C', columns: [], check: check(tokens) }
  tokens.back(mark)
  return undefined
}

function check(tokens: TokenStream): Expr {
  tokens.need('CHECK', '(')
  const expr = parseExpression(tokens)
  tokens.need(')')
  return expr
}

function references(tokens: TokenStream, constraint: Constraint): Constraint {
  tokens.need('REFERENCES')
  const to = tableName(tokens)
  const referenced = tokens.sees('(') ? tokens.list(() => tokens.name()) : undefined
  const onDelete = tokens.take('ON', 'DELETE', 'CASCADE')
    ? ('cascade' as const)
    : tokens.take('ON', 'DELETE', 'SET', 'NULL')
      ? ('set null' as const)
      : undefined
  return deferrable(tokens, {
    ...constraint,
    references: to,
    ...(referenced === undefined ? {} : { referenced }),
    ...(onDelete === undefined ? {} : { onDelete }),
  })
}

function deferrable(tokens: TokenStream, constraint: Constraint): Constraint {
  let deferred = false
  if (tokens.take('DEFERRABLE')) deferred = tokens.take('INITIALLY', 'DEFERRED')
  tokens.take('INITIALLY', 'IMMEDIATE')
  tokens.take('ENABLE')
  return deferred ? { ...constraint, deferred } : constraint
}

function columnDefinition(tokens: TokenStream): ColumnDefinition {
  const name = tokens.name()
  const typed = parseType(tokens)
  const constraints: Constraint[] = []
  const column: { -readonly [K in keyof ColumnDefinition]: ColumnDefinition[K] } = {
    name,
    type: typed?.type,
    typeName: typed?.name ?? '',
    notNull: false,
    constraints,
  }
  for (;;) {
    if (tokens.take('GENERATED', 'ALWAYS', 'AS', 'IDENTITY')) identity(tokens, column, 'ALWAYS')
    else if (tokens.take('GENERATED', 'BY', 'DEFAULT', 'ON', 'NULL', 'AS', 'IDENTITY'))
      identity(tokens, column, 'BY DEFAULT ON NULL')
    else if (tokens.take('GENERATED', 'BY', 'DEFAULT', 'AS', 'IDENTITY')) identity(tokens, column, 'BY DEFAULT')
    else if (tokens.take('GENERATED', 'ALWAYS', 'AS') || tokens.take('AS')) {
      tokens.need('(')
      column.virtual = parseExpression(tokens)
      tokens.need(')')
      tokens.take('VIRTUAL')
    } else if (tokens.take('DEFAULT')) {
      tokens.take('ON', 'NULL')
      column.default = parseExpression(tokens)
    } else {
      const constraintName = tokens.take('CONSTRAINT') ? tokens.name() : undefined
      const base = { name: constraintName, columns: [name] }
      if (tokens.take('NOT', 'NULL')) column.notNull = true
      else if (tokens.take('NULL')) column.notNull = false
      else if (tokens.take('PRIMARY', 'KEY')) constraints.push(deferrable(tokens, { ...base, kind: 'P' }))
      else if (tokens.take('UNIQUE')) constraints.push(deferrable(tokens, { ...base, kind: 'U' }))
      else if (tokens.sees('CHECK')) constraints.push({ ...base, kind: 'C', check: check(tokens) })
      else if (tokens.sees('REFERENCES')) constraints.push(references(tokens, { ...base, kind: 'R' }))
      else if (constraintName !== undefined) throw tokens.refusal()
      else if (!tokens.take('ENABLE')) return column
    }
  }
}

function identity(
  tokens: TokenStream,
  column: { -readonly [K in keyof ColumnDefinition]: ColumnDefinition[K] },
  kind: NonNullable<ColumnDefinition['identity']>,
): void {
  column.identity = kind
  column.notNull = true
  if (tokens.take('(')) {
    sequenceOptions(tokens)
    tokens.need(')')
  }
}

export function parseAlterTable(tokens: TokenStream): Statement {
  const table = tableName(tokens)
  return { is: 'alterTable', table, action: alterAction(tokens) }
}

function alterAction(tokens: TokenStream): AlterAction {
  if (tokens.take('RENAME', 'TO')) return { is: 'rename', name: tokens.name() }
  if (tokens.take('DROP')) {
    if (tokens.take('COLUMN')) return { is: 'dropColumn', column: tokens.name() }
    tokens.need('(')
    const column = tokens.name()
    tokens.need(')')
    return { is: 'dropColumn', column }
  }
  if (tokens.take('ADD')) {
    const constraint = tableConstraint(tokens)
    if (constraint !== undefined) return { is: 'addConstraint', constraint }
    if (!tokens.sees('(')) return { is: 'addColumns', columns: [columnDefinition(tokens)] }
    return { is: 'addColumns', columns: tokens.list(() => columnDefinition(tokens)) }
  }
  tokens.need('MODIFY')
  if (tokens.ahead(1).text === 'GENERATED' || tokens.ahead(2).text === 'GENERATED') return restart(tokens)
  const nullable: string[] = []
  const one = (): ColumnDefinition => {
    const column = columnDefinition(tokens)
    return column
  }
  const columns = tokens.sees('(') ? tokens.list(one) : [one()]
  return { is: 'modify', columns, nullable }
}

/** `modify id generated by default as identity (start with …)` */
function restart(tokens: TokenStream): AlterAction {
  const wrapped = tokens.take('(')
  const column = tokens.name()
  tokens.need('GENERATED')
  if (!tokens.take('ALWAYS')) {
    tokens.need('BY', 'DEFAULT')
    tokens.take('ON', 'NULL')
  }
  tokens.need('AS', 'IDENTITY', '(', 'START', 'WITH')
  const value = tokens.take('LIMIT', 'VALUE') ? ('limit' as const) : parseExpression(tokens)
  tokens.need(')')
  if (wrapped) tokens.need(')')
  return { is: 'restart', column, value }
}
