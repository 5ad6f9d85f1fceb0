import { database } from '../../databases/mysql.js'
import { kindNamed } from '../kinds.js'
import type { Cell, ColumnOptions, Item, MatrixPlace, SourceColumn } from './types.js'
import { cellsOf, columnOf } from './types.js'

const column = (kind: string, native: string, options?: ColumnOptions): SourceColumn =>
  columnOf(kindNamed(kind), native, options)

const FINITE = { without: ['NaN', 'Infinity', '-Infinity', 'negative zero'] }

const columns: readonly SourceColumn[] = [
  column('int8', 'tinyint'),
  column('uint8', 'tinyint unsigned'),
  column('int16', 'smallint'),
  column('uint16', 'smallint unsigned'),
  column('int24', 'mediumint'),
  column('uint24', 'mediumint unsigned'),
  column('int32', 'int'),
  column('uint32', 'int unsigned'),
  column('int64', 'bigint'),
  column('uint64', 'bigint unsigned'),
  column('decimal12', 'decimal(12,2)'),
  column('decimal38', 'decimal(38,10)'),
  column('decimal', 'decimal(65,30)', { more: { '65 digits': `${'9'.repeat(35)}.${'9'.repeat(30)}` } }),
  column('float64', 'double', FINITE),
  column('float32', 'float', FINITE),
  column('boolean', 'tinyint(1)', { more: { '2': '2' } }),
  column('text', 'longtext', { more: { 'U+0000': 'a\0b' } }),
  column('varchar', 'varchar(5)'),
  // The server gives back what was stored without its padding.
  column('char', 'char(5)', { more: { padded: 'ab' } }),
  column('bytes', 'longblob'),
  column('binary', 'binary(4)'),
  column('date', 'date', { more: { 'zero date': '0000-00-00', 'month without a day': '2024-02-00' } }),
  column('time', 'time(6)', {
    more: { '24:00': '24:00:00', longest: '838:59:59', 'longest negative': '-838:59:59' },
  }),
  column('timestamp', 'datetime(6)', { more: { 'zero date': '0000-00-00 00:00:00' } }),
  column('timestamptz', 'timestamp(6)', { more: { 'zero date': '0000-00-00 00:00:00' } }),
  column('json', 'json'),
  column('enum', `enum('zeta','alpha','it''s')`),
  column('set', `set('x','y','z')`),
  column('bits', 'bit(64)'),
  column('bit', 'bit(1)'),
  column('year', 'year'),
]

const SETTINGS = `set time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'`

export const mysql: MatrixPlace = {
  name: 'mysql',
  roles: ['source', 'target'],
  columns,
  create: async () => {
    const schema = await database.create('matrix')
    await schema.exec(SETTINGS)
    return {
      config: schema.config,
      version: String((await schema.rows('select version()'))[0]?.[0]),
      load: async (table, columns, items) => {
        const lines = columns.map(({ kind, native }) => `\`${kind.name}\` ${native} null`)
        await schema.exec(`create table ${table} (id bigint primary key, ${lines.join(', ')}) character set utf8mb4`)
        const inserts = items.map(
          item => `insert into ${table} (id, \`${item.kind.name}\`) values (${item.id}, ${literal(item)})`,
        )
        await schema.exec(`start transaction; ${inserts.join('; ')}; commit`)
      },
      read: async table => {
        const names = (await schema.rows(
          `select column_name, if(column_comment = 'time zone: UTC', 'timestamp', data_type) from information_schema.columns
           where table_schema = database() and table_name = '${table}' and column_name <> 'id' order by ordinal_position`,
        )) as [string, string][]
        const list = names.map(([name, type]) => expression(`\`${name}\``, type))
        const rows = (await schema.rows(`select id, ${list.join(', ')} from ${table}`)) as (string | null)[][]
        return cellsOf(names, rows, cell)
      },
      drop: () => schema.drop(),
    }
  },
}

function literal({ kind, text }: Item): string {
  if (kind.form === 'bytes') return text === '' ? `''` : `x'${text}'`
  if (kind.form === 'boolean') return text === 'true' ? '1' : text === 'false' ? '0' : text
  if (kind.name === 'bits') return text
  if (kind.name === 'year') return `'${text.padStart(4, '0')}'`
  // The shortest text of the largest FLOAT is above it.
  if (kind.form === 'float32') return `'${Math.fround(Number(text))}'`
  if ((kind.form === 'text' || kind.form === 'json') && text !== '')
    return `convert(x'${Buffer.from(text).toString('hex')}' using utf8mb4)`
  // A TIMESTAMP takes no offset before version 8.0.19, so instants are written in UTC.
  return `'${kind.form === 'instant' && text.includes('+') ? utc(text) : text}'`
}

function utc(text: string): string {
  const [, whole = '', fraction = '', zone = ''] = /^(.{19})(\.\d+)?(.*)$/.exec(text) ?? []
  return new Date(`${whole.replace(' ', 'T')}${zone}`).toISOString().slice(0, 19).replace('T', ' ') + fraction
}

function expression(name: string, type: string): string {
  if (isBytes(type)) return `hex(${name})`
  if (type === 'bit') return `hex(cast(${name} + 0 as char))`
  // A FLOAT's own text has six digits.
  if (type === 'float') return `hex(cast(cast(${name} as double) as char))`
  return `hex(convert(cast(${name} as char) using utf8mb4))`
}

function isBytes(type: string): boolean {
  return type.endsWith('blob') || type.endsWith('binary')
}

function cell(type: string, hex: string): Cell {
  if (isBytes(type)) return { as: 'bytes', text: hex.toLowerCase() }
  const text = Buffer.from(hex, 'hex').toString('utf8')
  if (type === 'float' || type === 'double')
    return { as: 'float', bits: type === 'float' ? 32 : 64, value: Number(text) }
  return { as: 'text', text: type === 'timestamp' && !text.startsWith('0000') ? `${text}+00:00` : text }
}
