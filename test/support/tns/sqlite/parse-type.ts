import type { OraType } from '../ora-type.js'
import type { TokenStream } from './token-stream.js'

/** A data type and the dictionary's name for it; undefined where no type comes next. */
export function parseType(tokens: TokenStream): { readonly type: OraType; readonly name: string } | undefined {
  const word = tokens.here.kind === 'word' ? tokens.here.text : ''
  const take = (type: OraType, name = word): { type: OraType; name: string } => ({ type, name })
  switch (word) {
    case 'NUMBER':
    case 'DECIMAL':
    case 'NUMERIC': {
      tokens.next()
      const [precision, scale] = sizes(tokens)
      if (precision === undefined)
        return take(word === 'NUMBER' ? { kind: 'NUMBER' } : { kind: 'NUMBER', scale: 0 }, 'NUMBER')
      return take(
        { kind: 'NUMBER', ...(precision === '*' ? {} : { precision }), scale: typeof scale === 'number' ? scale : 0 },
        'NUMBER',
      )
    }
    case 'INTEGER':
    case 'INT':
    case 'SMALLINT':
      tokens.next()
      return take({ kind: 'NUMBER', scale: 0 }, 'NUMBER')
    case 'FLOAT': {
      tokens.next()
      const [bits] = sizes(tokens)
      return take({ kind: 'NUMBER', precision: typeof bits === 'number' ? bits : 126, scale: -127 })
    }
    case 'BINARY_FLOAT':
    case 'BINARY_DOUBLE':
    case 'DATE':
    case 'CLOB':
    case 'NCLOB':
    case 'BLOB':
      tokens.next()
      return take({ kind: word })
    case 'VARCHAR2':
    case 'VARCHAR':
    case 'NVARCHAR2':
    case 'CHAR':
    case 'NCHAR':
    case 'RAW': {
      tokens.next()
      const kind = word === 'VARCHAR' ? 'VARCHAR2' : word
      const national = kind.startsWith('N')
      if (!tokens.take('(')) return take({ kind, length: kind === 'VARCHAR2' ? 4000 : 1, chars: national }, kind)
      const length = tokens.number()
      const chars = tokens.take('CHAR') || (tokens.take('BYTE') ? false : national)
      tokens.need(')')
      return take({ kind, length, chars }, kind)
    }
    case 'TIMESTAMP': {
      tokens.next()
      const [digits] = sizes(tokens)
      const scale = typeof digits === 'number' ? digits : 6
      if (tokens.take('WITH', 'LOCAL', 'TIME', 'ZONE'))
        return take({ kind: 'TIMESTAMP_LTZ', scale }, `TIMESTAMP(${scale}) WITH LOCAL TIME ZONE`)
      if (tokens.take('WITH', 'TIME', 'ZONE'))
        return take({ kind: 'TIMESTAMP_TZ', scale }, `TIMESTAMP(${scale}) WITH TIME ZONE`)
      return take({ kind: 'TIMESTAMP', scale }, `TIMESTAMP(${scale})`)
    }
    case 'INTERVAL': {
      if (tokens.ahead(1).text === 'YEAR') {
        tokens.need('INTERVAL', 'YEAR')
        const [years] = sizes(tokens)
        tokens.need('TO', 'MONTH')
        return take({ kind: 'INTERVAL_YM' }, `INTERVAL YEAR(${years ?? 2}) TO MONTH`)
      }
      tokens.need('INTERVAL', 'DAY')
      const [days] = sizes(tokens)
      tokens.need('TO', 'SECOND')
      const [seconds] = sizes(tokens)
      return take({ kind: 'INTERVAL_DS' }, `INTERVAL DAY(${days ?? 2}) TO SECOND(${seconds ?? 6})`)
    }
  }
  return undefined
}

function sizes(tokens: TokenStream): (number | '*' | undefined)[] {
  if (!tokens.take('(')) return []
  const read = (): number | '*' => {
    if (tokens.take('*')) return '*'
    return tokens.take('-') ? -tokens.number() : tokens.number()
  }
  const found = tokens.commas(read)
  tokens.need(')')
  return found
}
