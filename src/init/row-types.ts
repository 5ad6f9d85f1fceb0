import type { Column } from '../core/catalog.js'
import type { LogicalType } from '../core/types.js'
import type { LiveDatabase, LiveTables } from './live-schema.js'

const HEAD = `/**
 * Rows of the pipeline's databases, as functions of your own see them. Made by \`etl schema --live --types\`.
 *
 * Decimals, dates and times are text, so that none of their digits is lost; whole numbers beyond 2^53 are bigint.
 */
`

/** A \`.d.ts\` with a type for the rows of each table, by the names of the file. */
export function rowTypes({ sources, target }: LiveTables): string {
  return [
    HEAD,
    '/** Rows that are read: source, then table. */',
    'export interface Sources {',
    ...Object.entries(sources).flatMap(([name, database]) => block(name, database)),
    '}',
    '',
    '/** Rows that are written, by table. */',
    'export interface Target {',
    ...tableBlocks(target, '  '),
    '}',
    '',
  ].join('\n')
}

function block(name: string, database: LiveDatabase): string[] {
  return [`  ${key(name)}: {`, ...tableBlocks(database, '    '), '  }']
}

function tableBlocks({ tables }: LiveDatabase, indent: string): string[] {
  return tables.flatMap(({ names: [name = ''], columns }) => [
    `${indent}${key(name)}: {`,
    ...columns
      .filter(({ pseudo }) => pseudo !== true)
      .map(column => `${indent}  readonly ${key(column.name)}: ${typeOf(column)} // ${oneLine(column.native)}`),
    `${indent}}`,
  ])
}

function typeOf({ type, nullable }: Column): string {
  const own = valueType(type)
  return nullable && type.kind !== 'any' ? `${own} | null` : own
}

function valueType(type: LogicalType): string {
  switch (type.kind) {
    case 'boolean':
      return 'boolean'
    case 'integer':
      return type.bits === 64 ? 'number | bigint' : 'number'
    case 'float':
      return 'number'
    case 'bytes':
      return 'Uint8Array'
    case 'enum':
      return type.labels.length === 0 ? 'string' : type.labels.map(label => JSON.stringify(label)).join(' | ')
    case 'any':
      return 'string | number | bigint | Uint8Array | null'
    default:
      return 'string'
  }
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
