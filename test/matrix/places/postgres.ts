import { database } from '../../databases/postgres.js'
import { kindNamed } from '../kinds.js'
import type { Cell, ColumnOptions, Item, MatrixPlace, SourceColumn } from './types.js'
import { cellsOf, columnOf } from './types.js'

const column = (kind: string, native: string, options?: ColumnOptions): SourceColumn =>
  columnOf(kindNamed(kind), native, options)

/** Texts that PostgreSQL understands beside the calendar. */
const BEYOND = { infinity: 'infinity', '-infinity': '-infinity' }

const columns: readonly SourceColumn[] = [
  column('int16', 'smallint'),
  column('int32', 'integer'),
  column('int64', 'bigint'),
  column('decimal12', 'numeric(12,2)'),
  column('decimal38', 'numeric(38,10)'),
  column('decimal', 'numeric', {
    more: { NaN: 'NaN', Infinity: 'Infinity', '60 digits': `${'1234567890'.repeat(6)}.5` },
  }),
  column('float64', 'double precision'),
  column('float32', 'real'),
  column('boolean', 'boolean'),
  column('text', 'text'),
  column('varchar', 'varchar(5)'),
  column('char', 'char(5)'),
  column('bytes', 'bytea'),
  column('date', 'date', { more: { ...BEYOND, BC: '0044-03-15 BC', 'year 99999': '99999-12-31' } }),
  column('time', 'time', { more: { '24:00': '24:00:00' } }),
  column('timetz', 'timetz'),
  column('timestamp', 'timestamp', {
    more: { ...BEYOND, BC: '0044-03-15 12:00:00 BC', 'year 99999': '99999-12-31 00:00:00' },
  }),
  column('timestamptz', 'timestamptz', { more: { ...BEYOND, BC: '0044-03-15 12:00:00+00 BC' } }),
  column('interval', 'interval', {
    only: { mixed: '1 year 2 mons 3 days 04:05:06.000007', negative: '-1 days +02:03:00', long: '838:59:59' },
  }),
  column('json', 'json'),
  column('jsonb', 'jsonb'),
  column('uuid', 'uuid'),
  column('enum', 'mood'),
  column('bit_string', 'bit(8)'),
  column('money', 'money'),
  column('int_array', 'int[]'),
  column('text_array', 'text[]'),
  column('enum_array', 'mood[]'),
  column('range', 'int8range'),
  column('composite', 'pair'),
  column('inet', 'inet'),
]

const SETTINGS = `set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set lc_monetary = 'C';
  set bytea_output = 'hex'`

export const postgres: MatrixPlace = {
  name: 'postgres',
  roles: ['source', 'target'],
  columns,
  create: async () => {
    const schema = await database.create('matrix')
    await schema.exec(SETTINGS)
    await schema.exec(`create type mood as enum ('zeta', 'alpha', 'it''s'); create type pair as (a int, b text, c int)`)
    return {
      config: schema.config,
      load: async (table, columns, items) => {
        const lines = columns.map(({ kind, native }) => `"${kind.name}" ${native}`)
        await schema.exec(`create table ${table} (id bigint primary key, ${lines.join(', ')})`)
        await schema.exec(
          items
            .map(item => `insert into ${table} (id, "${item.kind.name}") values (${item.id}, ${literal(item)})`)
            .join(';'),
        )
      },
      read: async table => {
        const names = (await schema.rows(
          `select attname, format_type(atttypid, null) from pg_attribute
           where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped and attname <> 'id' order by attnum`,
        )) as [string, string][]
        const list = names.map(([name, type]) => expression(`"${name}"`, type))
        const rows = (await schema.rows(`select id, ${list.join(', ')} from ${table}`)) as (string | null)[][]
        return cellsOf(names, rows, cell)
      },
      drop: () => schema.drop(),
    }
  },
}

function literal({ kind, text }: Item): string {
  return `'${kind.form === 'bytes' ? `\\x${text}` : text.replaceAll("'", "''")}'`
}

/** The server's own text, or its own bytes, in hexadecimal: nothing of it is lost on the way here. */
function expression(name: string, type: string): string {
  if (type === 'bytea') return `encode(${name}, 'hex')`
  if (type === 'double precision') return `encode(float8send(${name}), 'hex')`
  if (type === 'real') return `encode(float4send(${name}), 'hex')`
  // A cast to text would cut off the padding of char, and add a mask to inet.
  return `encode(convert_to(case when not ${name} is null then format('%s', ${name}) end, 'UTF8'), 'hex')`
}

function cell(type: string, hex: string): Cell {
  const bytes = Buffer.from(hex, 'hex')
  if (type === 'bytea') return { as: 'bytes', text: hex }
  if (type === 'double precision') return { as: 'float', bits: 64, value: bytes.readDoubleBE() }
  if (type === 'real') return { as: 'float', bits: 32, value: bytes.readFloatBE() }
  return { as: 'text', text: bytes.toString('utf8') }
}
