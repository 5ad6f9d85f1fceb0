import type { Column, Table } from '../../../src/core/catalog.js'
import { parseType } from '../../../src/core/types.js'
import type { Side } from '../../../src/init/proposal.js'
import type { ColumnProfile, Reference, TableProfile } from '../../../src/inspect/api.js'

/** `id int32!`: a column that takes no null; `label enum(a,b)` has labels; `+` has a default. */
function column(text: string): Column {
  const [name = '', words = ''] = text.split(' ')
  const labels = /^enum\((.*)\)/.exec(words)?.[1]?.split(',')
  const type = labels === undefined ? parseType(words.replace(/[!+]/g, '')) : { kind: 'enum' as const, labels }
  if (type === undefined) throw new Error(`no type: ${text}`)
  return { name, type, native: words, nullable: !words.includes('!'), hasDefault: words.endsWith('+') }
}

/** The first column is the key. */
export function tableOf(name: string, columns: string, links: Readonly<Record<string, string>> = {}): Table {
  const all = columns.split(/,\s+/).map(column)
  return {
    table: name,
    kind: 'table',
    columns: all,
    primaryKey: [all[0]?.name ?? ''],
    uniques: [],
    foreignKeys: Object.entries(links).map(([from, to]) => {
      const [table = '', key = ''] = to.split('.')
      return { name: `${from}_fk`, columns: [from], references: { table }, referencedColumns: [key] }
    }),
    transactional: true,
  }
}

export function sideOf(tables: readonly Table[], more: Partial<Side> = {}): Side {
  return {
    label: 'a database',
    capabilities: { maxIdentifier: { length: 63, unit: 'bytes' } },
    tables,
    profiles: new Map(),
    references: [],
    alike: [],
    ...more,
  }
}

export function profileOf(
  name: string,
  rows: number,
  columns: Readonly<Record<string, Partial<ColumnProfile>>>,
): Map<string, TableProfile> {
  const profile: TableProfile = {
    name,
    kind: 'table',
    rows,
    primaryKey: [],
    uniques: [],
    duplicates: [],
    columns: Object.entries(columns).map(([column, own]) => ({
      name: column,
      type: '',
      nullable: true,
      nulls: 0,
      ...own,
    })),
  }
  return new Map([[name, profile]])
}

export function reference(from: string, to: string, more: Partial<Reference> = {}): Reference {
  const [table = '', column = ''] = from.split('.')
  const [other = '', key = ''] = to.split('.')
  const found = { declared: true, orphans: 0, examples: [], missing: 0 }
  return { table, columns: [column], to: other, toColumns: [key], ...found, ...more }
}
