import { basename } from 'node:path'
import type { Column, Table } from '../core/catalog.js'
import { wordsOf } from '../inspect/names.js'
import type { Side } from './proposal.js'

/** The table that takes the rows of one of the source, in names that need no quotes anywhere. */
export function newTable(source: Table, target: Side): Table {
  const { schema: _, triggers: __, version: ___, ...table } = source
  const name = shortened(snake(basename(source.table).replace(/\.(?:csv|jsonl|ndjson)(?:\.gz)?$/, '')), target)
  const names = new Map<string, string>()
  for (const { name: column } of source.columns) {
    const plain = shortened(snake(column), target)
    names.set(column, [...names.values()].includes(plain) ? column : plain)
  }
  const renamed = (columns: readonly string[]): string[] => columns.map(column => names.get(column) ?? column)
  return {
    ...table,
    ...(target.defaultSchema === undefined ? {} : { schema: target.defaultSchema }),
    table: name,
    columns: source.columns
      .filter(({ pseudo }) => pseudo !== true)
      .map((column): Column => {
        const { generated: _generated, ...own } = column
        return { ...own, name: names.get(column.name) ?? column.name }
      }),
    primaryKey: renamed(source.primaryKey),
    uniques: [],
    foreignKeys: [],
  }
}

function snake(name: string): string {
  return wordsOf(name).join('_') || name
}

function shortened(name: string, { capabilities: { maxIdentifier } }: Side): string {
  if (maxIdentifier.unit === 'characters') return [...name].slice(0, maxIdentifier.length).join('')
  let text = name
  while (Buffer.byteLength(text) > maxIdentifier.length) text = text.slice(0, -1)
  return text
}
