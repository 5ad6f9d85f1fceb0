import { join } from 'node:path'
import { sqliteExec, sqliteRows } from '../../support/etl.js'
import { kindNamed } from '../kinds.js'
import type { Cell, ColumnOptions, Item, MatrixPlace, SourceColumn } from './types.js'
import { columnOf } from './types.js'

const column = (kind: string, native: string, options?: ColumnOptions): SourceColumn =>
  columnOf(kindNamed(kind), native, options)

const columns: readonly SourceColumn[] = [
  column('int64', 'integer'),
  // A numeric column keeps no trailing zero and 15 digits at most: what is stored is what the source has.
  column('decimal12', 'decimal(12,2)', { more: { 'trailing zero': '1.1', 'negative zero': '0' } }),
  column('decimal38', 'decimal_text(38,10)'),
  column('decimal', 'decimal_text', { more: { '60 digits': `${'1234567890'.repeat(6)}.5` } }),
  column('float64', 'real', { without: ['negative zero', 'NaN'] }),
  column('boolean', 'boolean', { more: { '2': '2' } }),
  column('text', 'text', { more: { 'U+0000': 'a\0b' } }),
  column('varchar', 'varchar(5)', { more: { 'longer than declared': 'abcdef' } }),
  column('char', 'char(5)', { more: { padded: 'ab   ' } }),
  column('bytes', 'blob'),
  column('date', 'date', { more: { 'not a date': 'tomorrow', 'day 30 of February': '2024-02-30' } }),
  column('time', 'time'),
  column('timestamp', 'timestamp', { more: { 'with a T': '2024-02-29T03:04:05.000001' } }),
  column('timestamptz', 'timestamptz', { more: { 'with a T': '2024-02-29T03:04:05.5+05:30' } }),
  column('json', 'json_text', { more: { 'no JSON': '{' } }),
  column('uuid', 'uuid'),
  column('any', '', {
    type: 'text',
    only: { integer: '9223372036854775807', text: '1.10', real: '0.30000000000000004', empty: '', emoji: '😀' },
  }),
]

export const sqlite: MatrixPlace = {
  name: 'sqlite',
  roles: ['source', 'target'],
  columns,
  create: async (dir, name) => {
    const path = `${name}.sqlite`
    const file = join(dir, path)
    sqliteExec(file, 'vacuum')
    return {
      config: { type: 'sqlite', path },
      load: async (table, columns, items) => {
        const lines = columns.map(({ kind, native }) => `"${kind.name}" ${native}`)
        const rows = items.map(
          item => `insert into ${table} (id, "${item.kind.name}") values (${item.id}, ${literal(item, columns)});`,
        )
        sqliteExec(file, `create table ${table} (id integer primary key, ${lines.join(', ')}); ${rows.join('')}`)
      },
      read: async table => {
        const names = sqliteRows(file, `select name from pragma_table_info('${table}') where name <> 'id'`).map(String)
        const found = new Map<number, Map<string, Cell>>()
        for (const [id] of sqliteRows(file, `select id from ${table}`)) found.set(Number(id), new Map())
        for (const name of names) {
          // Seventeen digits are enough for any double; nothing but the text of the shell's own functions is looked at.
          const rows = sqliteRows(
            file,
            `select id, typeof("${name}"), case typeof("${name}") when 'real' then printf('%!.17g', "${name}")
             else hex(cast("${name}" as blob)) end from ${table} where "${name}" is not null`,
          ) as [number, string, string][]
          for (const [id, type, text] of rows) found.get(id)?.set(name, cell(type, text))
        }
        return found
      },
      drop: async () => {},
    }
  },
}

function literal({ kind, text }: Item, columns: readonly SourceColumn[]): string {
  const native = columns.find(one => one.kind === kind)?.native ?? ''
  const asText = `cast(x'${Buffer.from(text).toString('hex')}' as text)`
  if (kind.form === 'bytes') return `x'${text}'`
  if (native === '') return text === '1.10' || !/^\d+(\.\d+)?$/.test(text) ? asText : text
  if (kind.form === 'boolean') return text === 'true' ? '1' : text === 'false' ? '0' : text
  if (kind.form === 'float64') return text.replace('Infinity', '9e999')
  return kind.form === 'number' && !native.startsWith('decimal_text') ? text : asText
}

function cell(type: string, text: string): Cell {
  switch (type) {
    case 'real':
      return { as: 'float', bits: 64, value: Number(text.replace(/Inf$/i, 'Infinity')) }
    case 'blob':
      return { as: 'bytes', text: text.toLowerCase() }
    default:
      return { as: 'text', text: Buffer.from(text, 'hex').toString('utf8') }
  }
}
