/** Words that stand for themselves; every other unquoted word is a name, and names are kept as they are written. */
const WORDS = new Set(
  (
    'add all alter and any as asc between by case check clob blob commit constraint create cross date default delete desc distinct drop ' +
    'dual else end exists first for foreign from generated group having identity in index inner insert intersect into is join key ' +
    'left like merge minus modify next not null nulls number of on only or order outer primary raw references returning row rows select set ' +
    'stored table then timestamp to truncate union unique update using values varchar2 view virtual when where with without zone ' +
    'always coalesce count lower max min sum avg upper length substr trim to_char to_date to_timestamp to_number float cascade on ' +
    'sysdate systimestamp user time binary_double binary_float nvl'
  ).split(' '),
)

const TYPES: Readonly<Record<string, string>> = {
  integer: 'number(9)',
  int: 'number(9)',
  smallint: 'number(4)',
  bigint: 'number(18)',
  boolean: 'number(1)',
  text: 'clob',
  varchar: 'varchar2',
  decimal: 'number',
  numeric: 'number',
  stored: 'virtual',
}

const TOKEN = /--[^\n]*|'(?:[^']|'')*'|"[^"]*"|:\w+|[a-z_][\w$#]*|\d[\w.]*|\s+|[^\s]/giy

/** The SQL that tests of every database share, as Oracle's: one statement each. Names stay as they are, so they are quoted. */
export function oracleStatements(sql: string): string[] {
  const statements: string[] = []
  let current = ''
  for (const token of sql.match(TOKEN) ?? []) {
    if (token === ';') {
      statements.push(current)
      current = ''
    } else current += oracleToken(token, current)
  }
  statements.push(current)
  return statements.filter(statement => statement.trim() !== '').flatMap(statement => rewrite(statement.trim()))
}

function oracleToken(token: string, before: string): string {
  if (!/^[a-z_]/i.test(token)) return token
  const word = token.toLowerCase()
  const type = TYPES[word]
  // A type follows a name; the same word anywhere else is a name.
  if (type !== undefined && /["\w)]\s+$/.test(before)) return type
  return WORDS.has(word) ? token : `"${token}"`
}

function rewrite(statement: string): string[] {
  const partial = /^(create unique index "\w+" on "\w+") \(([^)]*)\) where (.*)$/is.exec(statement)
  if (partial !== null) return [`${partial[1]} (case when ${partial[3]} then ${partial[2]} end)`]
  const values = /^(insert into .*?\bvalues)\s*\(/is.exec(statement)
  if (values === null) return [statement]
  return rowsOf(statement.slice((values[1] ?? '').length)).map(row => `${values[1]} ${row}`)
}

/** `(…), (…)` without the commas between. */
function rowsOf(text: string): string[] {
  const rows: string[] = []
  let depth = 0
  let row = ''
  for (const token of text.match(/'(?:[^']|'')*'|[()]|[^'()]+/g) ?? []) {
    if (token === '(') depth++
    if (depth > 0) row += token
    if (token === ')' && --depth === 0) {
      rows.push(row)
      row = ''
    }
  }
  return rows
}
