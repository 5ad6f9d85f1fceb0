import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { kindNamed } from '../kinds.js'
import type { Cell, ColumnOptions, Item, MatrixPlace, SourceColumn } from './types.js'
import { columnOf } from './types.js'

const column = (kind: string, type: string, options?: ColumnOptions): SourceColumn =>
  columnOf(kindNamed(kind), '', { ...options, type })

const BAD_DATES = { 'not a date': 'tomorrow', 'day 30 of February': '2024-02-30' }

/** Values that stand in a file as text, and the type that the pipeline says they have. */
const columns: readonly SourceColumn[] = [
  ...(['int8', 'uint8', 'int16', 'uint16', 'int24', 'uint24', 'int32', 'uint32'] as const).map(name =>
    column(name, name),
  ),
  column('int64', 'int64', { more: { 'one too many': '9223372036854775808', 'a fraction': '1.5' } }),
  column('uint64', 'uint64', { more: { 'one too many': '18446744073709551616' } }),
  column('decimal12', 'decimal(12,2)', { more: { 'third digit': '1.999' } }),
  column('decimal38', 'decimal(38,10)'),
  column('decimal', 'decimal'),
  column('float64', 'float64', { more: { '2^53 + 1': '9007199254740993' } }),
  column('float32', 'float32', { without: ['denormal'] }),
  column('boolean', 'boolean', { more: { '2': '2' } }),
  column('text', 'text', { more: { 'U+0000': 'a\0b' } }),
  column('varchar', 'varchar(5)', { more: { 'too long': 'abcdef' } }),
  column('char', 'char(5)'),
  column('date', 'date', { more: BAD_DATES }),
  column('time', 'time', { more: { '24:00': '24:00:00' } }),
  column('timestamp', 'timestamp'),
  column('timestamp9', 'timestamp(9)'),
  column('timestamptz', 'timestamptz'),
  column('json', 'json', { more: { 'no JSON': '{' } }),
  column('uuid', 'uuid', { more: { 'no uuid': 'f81d4fae' } }),
]

/** Where a target of files writes, below the pipeline's folder. */
const OUT = 'out'

/** Bytes stand in files as base64. */
function cellOf(name: string, text: string): Cell {
  return kindNamed(name).form === 'bytes'
    ? { as: 'bytes', text: Buffer.from(text, 'base64').toString('hex') }
    : { as: 'text', text }
}

function rowsOf(
  rows: readonly (readonly (readonly [string, string | null])[])[],
): ReadonlyMap<number, ReadonlyMap<string, Cell>> {
  return new Map(
    rows.map(row => [
      Number(row.find(([name]) => name === 'id')?.[1]),
      new Map(
        row.flatMap(([name, text]): [string, Cell][] =>
          name === 'id' || text === null ? [] : [[name, cellOf(name, text)]],
        ),
      ),
    ]),
  )
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

export const csv: MatrixPlace = {
  name: 'csv',
  roles: ['source', 'target'],
  file: 'csv',
  columns,
  create: async dir => ({
    config: { type: 'csv' },
    target: { type: 'csv', path: OUT },
    load: async (table, columns, items) => {
      const lines = items.map(item =>
        [String(item.id), ...columns.map(({ kind }) => (kind === item.kind ? quoted(item.text) : ''))].join(','),
      )
      const header = ['id', ...columns.map(({ kind }) => kind.name)].join(',')
      writeFileSync(join(dir, `${table}.csv`), `${[header, ...lines].join('\r\n')}\r\n`)
    },
    read: async table => {
      const cast = (value: string, { quoting }: { quoting: boolean }): string | null =>
        value === '' && !quoting ? null : value
      const options = { cast: cast as unknown as (value: string) => string }
      const [header = [], ...rows] = parse(readFileSync(join(dir, OUT, `${table}.csv`)), options) as (string | null)[][]
      return rowsOf(rows.map(row => row.map((text, i) => [header[i] ?? '', text] as const)))
    },
    drop: async () => {},
  }),
}

export const jsonl: MatrixPlace = {
  name: 'jsonl',
  roles: ['source', 'target'],
  file: 'jsonl',
  columns: columns.map(one =>
    one.kind.name === 'text' ? { ...one, cases: { ...one.cases, 'half a surrogate pair': 'a\ud83d' } } : one,
  ),
  create: async dir => ({
    config: { type: 'jsonl' },
    target: { type: 'jsonl', path: OUT },
    load: async (table, columns, items) => {
      const lines = items.map(item => {
        const members = columns.map(
          ({ kind }) => `${JSON.stringify(kind.name)}:${kind === item.kind ? memberOf(item) : 'null'}`,
        )
        return `{"id":${item.id},${members.join(',')}}`
      })
      writeFileSync(join(dir, `${table}.jsonl`), `${lines.join('\n')}\n`)
    },
    read: async table => {
      const lines = readFileSync(join(dir, OUT, `${table}.jsonl`), 'utf8').split('\n')
      return rowsOf(lines.filter(line => line !== '').map(line => membersOf(line)))
    },
    drop: async () => {},
  }),
}

/** As JSON has it: a number where it is one of its grammar, a JSON value as it stands. */
function memberOf({ kind, text }: Item): string {
  if (kind.form === 'boolean' && (text === 'true' || text === 'false')) return text
  const number = kind.form === 'number' || kind.form === 'float64' || kind.form === 'float32'
  if (number && /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/.test(text)) return text
  if (kind.name === 'json' && /^[[{]/.test(text) && text !== '{') return text
  return JSON.stringify(text)
}

/** The members of a line: texts as what they say, anything else as it is written. */
function membersOf(line: string): (readonly [string, string | null])[] {
  const tokens = line.match(/"(?:[^"\\]|\\.)*"|[^"]/g) ?? []
  const parts: string[] = ['']
  let depth = 0
  for (const token of tokens.slice(1, -1)) {
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
    if (depth === 0 && (token === ':' || token === ',')) parts.push('')
    else parts.push(`${parts.pop()}${token}`)
  }
  const memberText = (text: string): string | null =>
    text === 'null' ? null : text.startsWith('"') ? (JSON.parse(text) as string) : text
  return parts.flatMap((name, i) =>
    i % 2 === 0 ? [[memberText(name) ?? '', memberText(parts[i + 1] ?? '')] as const] : [],
  )
}
