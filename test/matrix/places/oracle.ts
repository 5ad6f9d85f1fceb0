import oracledb from 'oracledb'
import { database } from '../../databases/oracle.js'
import { kindNamed } from '../kinds.js'
import type { Cell, ColumnOptions, Item, MatrixPlace, SourceColumn } from './types.js'
import { columnOf } from './types.js'

const column = (kind: string, native: string, options?: ColumnOptions): SourceColumn =>
  columnOf(kindNamed(kind), native, options)

/** The empty value is null there. */
const NO_EMPTY = { without: ['empty'] }

const columns: readonly SourceColumn[] = [
  column('int8', 'number(2)', { only: { lowest: '-99', highest: '99', zero: '0' } }),
  column('int16', 'number(4)', { only: { lowest: '-9999', highest: '9999', zero: '0' } }),
  column('int32', 'number(9)', { only: { lowest: '-999999999', highest: '999999999' } }),
  column('int64', 'number(18)', {
    only: { lowest: '-999999999999999999', highest: '999999999999999999', '2^53 + 1': '9007199254740993' },
  }),
  column('uint64', 'number(20)'),
  column('decimal12', 'number(12,2)'),
  column('decimal38', 'number(38,10)'),
  column('decimal', 'number', {
    more: {
      '38 digits': '12345678901234567890123456789012345678',
      largest: `${'9'.repeat(38)}${'0'.repeat(87)}`,
      smallest: `0.${'0'.repeat(126)}1`,
    },
  }),
  column('float64', 'binary_double', { without: ['negative zero'] }),
  column('float32', 'binary_float', { without: ['negative zero'] }),
  column('text', 'clob', NO_EMPTY),
  column('varchar', 'varchar2(5 char)'),
  column('char', 'char(5 char)'),
  column('bytes', 'blob', NO_EMPTY),
  column('binary', 'raw(4)'),
  column('date_time', 'date'),
  column('timestamp', 'timestamp(6)'),
  column('timestamp9', 'timestamp(9)'),
  column('timestamptz', 'timestamp(6) with time zone'),
  column('timestamptz9', 'timestamp(9) with time zone'),
  column('interval', 'interval day to second', {
    only: { days: '+03 04:05:06.000007', negative: '-01 00:00:00.500000' },
  }),
]

export const oracle: MatrixPlace = {
  name: 'oracle',
  roles: ['source', 'target'],
  columns,
  upperCase: true,
  create: async () => {
    const schema = await database.create('matrix')
    const { user, password, connect_string: connectString } = schema.config as unknown as Record<string, string>
    const connection = await oracledb.getConnection({
      user: user ?? '',
      password: password ?? '',
      connectString: connectString ?? '',
    })
    const select = async (sql: string): Promise<unknown[][]> => {
      const { rows = [] } = await connection.execute<unknown[]>(sql, [], {
        outFormat: oracledb.OUT_FORMAT_ARRAY,
        fetchTypeHandler: ({ dbType }) =>
          dbType === oracledb.DB_TYPE_CLOB
            ? { type: oracledb.STRING }
            : dbType === oracledb.DB_TYPE_BLOB
              ? { type: oracledb.BUFFER }
              : undefined,
      })
      return rows
    }
    return {
      config: schema.config,
      load: async (table, columns, items) => {
        const lines = columns.map(({ kind, native }) => `${upper(kind.name)} ${native}`)
        await connection.execute(`create table ${upper(table)} (ID number(9) primary key, ${lines.join(', ')})`)
        for (const item of items) {
          const native = columns.find(one => one.kind === item.kind)?.native ?? ''
          const { sql, value } = bound(native, item)
          await connection.execute(`insert into ${upper(table)} (ID, ${upper(item.kind.name)}) values (:1, ${sql})`, [
            item.id,
            value,
          ])
        }
        await connection.commit()
      },
      read: async table => {
        const [stored = table] = (
          await select(`select table_name from user_tables where table_name in ('${table}', '${table.toUpperCase()}')`)
        ).map(row => String(row[0]))
        const names = (
          (await select(
            `select column_name, data_type from user_tab_columns where table_name = '${stored}' order by column_id`,
          )) as [string, string][]
        ).filter(([name]) => name.toLowerCase() !== 'id')
        const list = names.map(([name, type]) => expression(`"${name}"`, type))
        const id = stored === table ? '"id"' : 'ID'
        const rows = await select(`select ${id}, ${list.join(', ')} from "${stored}"`)
        return new Map(
          rows.map(([id, ...values]) => [
            Number(id),
            new Map(
              names.flatMap(([name, type], i): [string, Cell][] => {
                const value = values[i] ?? null
                return value === null ? [] : [[name.toLowerCase(), cell(type, value)]]
              }),
            ),
          ]),
        )
      },
      drop: async () => {
        await connection.close()
        await schema.drop()
      },
    }
  },
}

const upper = (name: string): string => name.toUpperCase()

function bound(native: string, { kind, text }: Item): { readonly sql: string; readonly value: unknown } {
  if (kind.form === 'bytes') return { sql: ':2', value: Buffer.from(text, 'hex') }
  if (kind.form === 'number') return { sql: 'to_number(:2)', value: text }
  if (native === 'binary_double' || native === 'binary_float') {
    const type = native === 'binary_float' ? oracledb.DB_TYPE_BINARY_FLOAT : oracledb.DB_TYPE_BINARY_DOUBLE
    return { sql: ':2', value: { val: Number(text), type } }
  }
  if (native === 'date') return { sql: `to_date(:2, 'YYYY-MM-DD HH24:MI:SS')`, value: text }
  if (native.endsWith('time zone')) {
    const value = text.includes('.') ? text : text.replace(/([+-]\d\d:\d\d)$/, '.0$1')
    return { sql: `to_timestamp_tz(:2, 'YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM')`, value }
  }
  if (native.startsWith('timestamp'))
    return { sql: `to_timestamp(:2, 'YYYY-MM-DD HH24:MI:SS.FF9')`, value: text.includes('.') ? text : `${text}.0` }
  if (native.startsWith('interval')) return { sql: 'to_dsinterval(:2)', value: text }
  return { sql: ':2', value: text }
}

function expression(name: string, type: string): string {
  if (type === 'NUMBER') return `to_char(${name})`
  if (type === 'DATE') return `to_char(${name}, 'SYYYY-MM-DD HH24:MI:SS')`
  if (type.endsWith('TIME ZONE')) return `to_char(${name}, 'SYYYY-MM-DD HH24:MI:SS.FF9TZH:TZM')`
  if (type.startsWith('TIMESTAMP')) return `to_char(${name}, 'SYYYY-MM-DD HH24:MI:SS.FF9')`
  if (type.startsWith('INTERVAL')) return `to_char(${name})`
  return name
}

function cell(type: string, value: unknown): Cell {
  if (Buffer.isBuffer(value)) return { as: 'bytes', text: value.toString('hex') }
  if (type.startsWith('BINARY_') && typeof value === 'number')
    return { as: 'float', bits: type === 'BINARY_FLOAT' ? 32 : 64, value }
  return { as: 'text', text: String(value).replace(/^ (?=\d{4}-)/, '') }
}
