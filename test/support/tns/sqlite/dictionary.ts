import type { OraType } from '../ora-type.js'
import { wireType } from '../ora-type.js'
import type { TableName } from './ast.js'
import type { Catalog, ColumnDef, TableDef } from './catalog.js'

type Cell = string | number | null
export interface DictionaryView {
  readonly physical: string
  /** Name and whether it is text or a number. */
  readonly columns: readonly (readonly [string, 'T' | 'N'])[]
  rows(catalog: Catalog, user: string, scn: () => number): Iterable<readonly Cell[]>
}

const OWNED: readonly string[] = ['ALL', 'DBA']

/** Views with an OWNER column; `USER_…` is the same without it, for the login's own. */
const VIEWS: Readonly<Record<string, Omit<DictionaryView, 'physical'>>> = {
  TABLES: {
    columns: [
      ['OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['NUM_ROWS', 'N'],
      ['TEMPORARY', 'T'],
      ['LAST_ANALYZED', 'T'],
    ],
    rows: catalog => map(catalog.tables, table => [table.owner, table.name, null, 'N', null]),
  },
  VIEWS: {
    columns: [
      ['OWNER', 'T'],
      ['VIEW_NAME', 'T'],
    ],
    rows: catalog => map(catalog.views, view => [view.owner, view.name]),
  },
  OBJECTS: {
    columns: [
      ['OWNER', 'T'],
      ['OBJECT_NAME', 'T'],
      ['OBJECT_TYPE', 'T'],
      ['STATUS', 'T'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) yield [table.owner, table.name, 'TABLE', 'VALID']
      for (const view of catalog.views.values()) yield [view.owner, view.name, 'VIEW', 'VALID']
      for (const sequence of catalog.sequences.values()) yield [sequence.owner, sequence.name, 'SEQUENCE', 'VALID']
    },
  },
  TRIGGERS: {
    columns: [
      ['OWNER', 'T'],
      ['TRIGGER_NAME', 'T'],
      ['TABLE_OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['TRIGGERING_EVENT', 'T'],
      ['STATUS', 'T'],
    ],
    rows: () => [],
  },
  SYNONYMS: {
    columns: [
      ['OWNER', 'T'],
      ['SYNONYM_NAME', 'T'],
      ['TABLE_OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['DB_LINK', 'T'],
    ],
    rows: () => [],
  },
  TAB_COLUMNS: tabColumns(false),
  TAB_COLS: tabColumns(true),
  TAB_IDENTITY_COLS: {
    columns: [
      ['OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['COLUMN_NAME', 'T'],
      ['GENERATION_TYPE', 'T'],
      ['SEQUENCE_NAME', 'T'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const { name, identity } of table.columns) {
          if (identity === undefined) continue
          yield [table.owner, table.name, name, identity.kind === 'ALWAYS' ? 'ALWAYS' : 'BY DEFAULT', identity.sequence]
        }
      }
    },
  },
  CONSTRAINTS: {
    columns: [
      ['OWNER', 'T'],
      ['CONSTRAINT_NAME', 'T'],
      ['CONSTRAINT_TYPE', 'T'],
      ['TABLE_NAME', 'T'],
      ['R_OWNER', 'T'],
      ['R_CONSTRAINT_NAME', 'T'],
      ['STATUS', 'T'],
      ['DEFERRED', 'T'],
      ['DEFERRABLE', 'T'],
      ['INDEX_NAME', 'T'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const constraint of table.constraints) {
          const parent =
            constraint.references === undefined ? undefined : catalog.table(constraint.references, table.owner)
          const target = parent?.constraints.find(
            other => other.kind !== 'R' && other.columns.join() === constraint.referenced?.join(),
          )
          const deferred = constraint.deferred === true
          yield [
            table.owner,
            constraint.name,
            constraint.kind,
            table.name,
            parent?.owner ?? null,
            target?.name ?? null,
            'ENABLED',
            deferred ? 'DEFERRED' : 'IMMEDIATE',
            deferred ? 'DEFERRABLE' : 'NOT DEFERRABLE',
            constraint.kind === 'P' || constraint.kind === 'U' ? constraint.name : null,
          ]
        }
      }
    },
  },
  CONS_COLUMNS: {
    columns: [
      ['OWNER', 'T'],
      ['CONSTRAINT_NAME', 'T'],
      ['TABLE_NAME', 'T'],
      ['COLUMN_NAME', 'T'],
      ['POSITION', 'N'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const { name, kind, columns } of table.constraints) {
          for (const [i, column] of columns.entries())
            yield [table.owner, name, table.name, column, kind === 'C' ? null : i + 1]
        }
      }
    },
  },
  INDEXES: {
    columns: [
      ['OWNER', 'T'],
      ['INDEX_NAME', 'T'],
      ['INDEX_TYPE', 'T'],
      ['TABLE_OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['UNIQUENESS', 'T'],
      ['STATUS', 'T'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const { name, unique, expression } of indexesOf(table)) {
          yield [
            table.owner,
            name,
            expression ? 'FUNCTION-BASED NORMAL' : 'NORMAL',
            table.owner,
            table.name,
            unique ? 'UNIQUE' : 'NONUNIQUE',
            'VALID',
          ]
        }
      }
    },
  },
  IND_COLUMNS: {
    columns: [
      ['INDEX_OWNER', 'T'],
      ['INDEX_NAME', 'T'],
      ['TABLE_OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['COLUMN_NAME', 'T'],
      ['COLUMN_POSITION', 'N'],
      ['DESCEND', 'T'],
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const { name, columns } of indexesOf(table)) {
          for (const [i, column] of columns.entries())
            yield [table.owner, name, table.owner, table.name, column, i + 1, 'ASC']
        }
      }
    },
  },
}

function tabColumns(all: boolean): Omit<DictionaryView, 'physical'> {
  const extra: readonly (readonly [string, 'T' | 'N'])[] = all
    ? [
        ['HIDDEN_COLUMN', 'T'],
        ['VIRTUAL_COLUMN', 'T'],
        ['INTERNAL_COLUMN_ID', 'N'],
      ]
    : []
  return {
    columns: [
      ['OWNER', 'T'],
      ['TABLE_NAME', 'T'],
      ['COLUMN_NAME', 'T'],
      ['DATA_TYPE', 'T'],
      ['DATA_LENGTH', 'N'],
      ['DATA_PRECISION', 'N'],
      ['DATA_SCALE', 'N'],
      ['NULLABLE', 'T'],
      ['COLUMN_ID', 'N'],
      ['DEFAULT_LENGTH', 'N'],
      ['CHAR_LENGTH', 'N'],
      ['CHAR_USED', 'T'],
      ['IDENTITY_COLUMN', 'T'],
      ...extra,
    ],
    *rows(catalog) {
      for (const table of catalog.tables.values()) {
        for (const [i, column] of table.columns.entries()) {
          const hidden = all ? ['NO', column.virtual === undefined ? 'NO' : 'YES', i + 1] : []
          yield [table.owner, table.name, ...columnCells(column, i + 1), ...hidden]
        }
      }
      for (const view of catalog.views.values()) {
        for (const [i, column] of view.columns.entries()) {
          const hidden = all ? ['NO', 'NO', i + 1] : []
          yield [view.owner, view.name, ...columnCells({ ...column, physical: '', notNull: false }, i + 1), ...hidden]
        }
      }
    },
  }
}

function columnCells(column: ColumnDef, position: number): Cell[] {
  const { type } = column
  const wire = wireType(type)
  const isNumber = type.kind === 'NUMBER'
  const isChar = wire.form > 0 && type.length !== undefined
  const hasDefault = column.default !== undefined || column.identity !== undefined || column.virtual !== undefined
  return [
    column.name,
    column.typeName,
    wire.size,
    isNumber ? (type.precision ?? null) : null,
    isNumber && type.scale !== -127 ? (type.scale ?? null) : scaleOf(type),
    column.notNull ? 'N' : 'Y',
    position,
    hasDefault ? 4 : null,
    isChar ? (type.length ?? 0) : 0,
    isChar ? (type.chars === true ? 'C' : 'B') : null,
    column.identity === undefined ? 'NO' : 'YES',
  ]
}

function scaleOf(type: OraType): number | null {
  return type.kind.startsWith('TIMESTAMP') ? (type.scale ?? 6) : null
}

function indexesOf(table: TableDef): { name: string; unique: boolean; expression: boolean; columns: string[] }[] {
  const keys = table.constraints.filter(({ kind }) => kind === 'P' || kind === 'U')
  const plain = table.indexes.map(({ name, unique, parts }) => {
    const columns = parts.map((part, i) => (part.is === 'column' ? (part.path.at(-1) ?? '') : `SYS_NC0000${i + 1}$`))
    return { name, unique, expression: parts.some(part => part.is !== 'column'), columns }
  })
  return [
    ...keys.map(({ name, columns }) => ({ name, unique: true, expression: false, columns: [...columns] })),
    ...plain,
  ]
}

function* map<T>(objects: ReadonlyMap<string, T>, row: (object: T) => readonly Cell[]): Iterable<readonly Cell[]> {
  for (const object of objects.values()) yield row(object)
}

/** Views without an owner. */
const SYSTEM: Readonly<Record<string, Omit<DictionaryView, 'physical'>>> = {
  DUAL: { columns: [['DUMMY', 'T']], rows: () => [['X']] },
  V$DATABASE: {
    columns: [
      ['DBID', 'N'],
      ['NAME', 'T'],
      ['CURRENT_SCN', 'N'],
      ['OPEN_MODE', 'T'],
      ['DB_UNIQUE_NAME', 'T'],
    ],
    rows: (_catalog, _user, scn) => [[4242424242, 'TESTDB', scn(), 'READ WRITE', 'TESTDB']],
  },
  V$INSTANCE: {
    columns: [
      ['INSTANCE_NAME', 'T'],
      ['HOST_NAME', 'T'],
      ['VERSION', 'T'],
      ['STATUS', 'T'],
    ],
    rows: () => [['testdb', 'localhost', '19.0.0.0.0', 'OPEN']],
  },
  V$VERSION: {
    columns: [['BANNER', 'T']],
    rows: () => [['Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 (test server)']],
  },
  NLS_DATABASE_PARAMETERS: {
    columns: [
      ['PARAMETER', 'T'],
      ['VALUE', 'T'],
    ],
    rows: () => [
      ['NLS_CHARACTERSET', 'AL32UTF8'],
      ['NLS_NCHAR_CHARACTERSET', 'AL16UTF16'],
      ['NLS_LENGTH_SEMANTICS', 'BYTE'],
    ],
  },
  SESSION_PRIVS: {
    columns: [['PRIVILEGE', 'T']],
    rows: () => [['CREATE SESSION'], ['CREATE TABLE'], ['CREATE SEQUENCE']],
  },
  ALL_TAB_PRIVS: {
    columns: [
      ['GRANTOR', 'T'],
      ['GRANTEE', 'T'],
      ['TABLE_SCHEMA', 'T'],
      ['TABLE_NAME', 'T'],
      ['PRIVILEGE', 'T'],
    ],
    rows: () => [],
  },
}

export const DICTIONARY: ReadonlyMap<string, DictionaryView> = new Map(
  [
    ...Object.entries(SYSTEM),
    ...Object.entries(VIEWS).flatMap(([name, view]) => [
      ...OWNED.map(prefix => [`${prefix}_${name}`, view] as const),
      [`USER_${name}`, owned(view)] as const,
    ]),
  ].map(([name, view]) => [name, { ...view, physical: `d_${name.toLowerCase().replace('$', '_')}` }]),
)

function owned(view: Omit<DictionaryView, 'physical'>): Omit<DictionaryView, 'physical'> {
  const at = view.columns.findIndex(([name]) => name === 'OWNER' || name === 'INDEX_OWNER')
  const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at)
  return {
    columns: without(view.columns),
    *rows(catalog, user, scn) {
      for (const row of view.rows(catalog, user, scn)) if (row[at] === user) yield without(row)
    },
  }
}

export function dictionaryView(table: TableName): DictionaryView | undefined {
  if (table.schema !== undefined && table.schema !== 'SYS') return undefined
  return DICTIONARY.get(table.name.replace(/^V_\$/, 'V$'))
}
