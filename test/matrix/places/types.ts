import type { Kind } from '../kinds.js'

/** One value of a source: the row of the matrix with this id has it in the column of its kind, and null elsewhere. */
export interface Item {
  readonly id: number
  readonly kind: Kind
  readonly label: string
  /** What the source holds; in the forms of kinds.ts. */
  readonly text: string
}

/** A column of a source's table, and the values of its kind that it can hold. */
export interface SourceColumn {
  readonly kind: Kind
  /** The declared type; files have none. */
  readonly native: string
  /** What `type:` of the field says, where the source says nothing. */
  readonly type?: string
  readonly cases: Readonly<Record<string, string>>
}

/** What a database says is stored, by its own functions. */
export type Cell =
  | null
  | { readonly as: 'text' | 'bytes'; readonly text: string }
  | { readonly as: 'float'; readonly bits: 32 | 64; readonly value: number }

export interface OpenPlace {
  /** The `sources.X` block, and the `target` block where it is not the same. */
  readonly config: Readonly<Record<string, unknown>>
  readonly target?: Readonly<Record<string, unknown>>
  /** The server's own words, where they matter to what the matrix finds. */
  readonly version?: string
  /** A table `table` of the columns, one row for each item. */
  load(table: string, columns: readonly SourceColumn[], items: readonly Item[]): Promise<void>
  /** Every column but the id, by the id of the row; null cells are left out. */
  read(table: string): Promise<ReadonlyMap<number, ReadonlyMap<string, Cell>>>
  drop(): Promise<void>
}

/** A kind of database or file that takes part in the matrix. */
export interface MatrixPlace {
  readonly name: string
  readonly roles: readonly ('source' | 'target')[]
  readonly columns: readonly SourceColumn[]
  /** Files say nothing of types, so the pipeline does. */
  readonly file?: 'csv' | 'jsonl'
  /** Names as the database stores those of a source. */
  readonly upperCase?: boolean
  /** @param file of a database that is one, within the folder */
  create(dir: string, file: string): Promise<OpenPlace>
}

export interface ColumnOptions {
  /** Labels of the kind that the column cannot hold. */
  readonly without?: readonly string[]
  /** Replaces or adds. */
  readonly more?: Readonly<Record<string, string>>
  /** Instead of all. */
  readonly only?: Readonly<Record<string, string>>
  readonly type?: string
}

export function columnOf(kind: Kind, native: string, options: ColumnOptions = {}): SourceColumn {
  const all = options.only ?? { ...kind.cases, ...options.more }
  const cases = Object.fromEntries(Object.entries(all).filter(([label]) => !options.without?.includes(label)))
  return { kind, native, cases, ...(options.type === undefined ? {} : { type: options.type }) }
}

export function itemsOf(columns: readonly SourceColumn[]): Item[] {
  return columns
    .flatMap(({ kind, cases }) => Object.entries(cases).map(([label, text]) => ({ kind, label, text })))
    .map((item, id) => ({ id: id + 1, ...item }))
}

/**
 * What {@link OpenPlace.read} gives.
 *
 * @param names the columns with the database's types
 * @param rows the id, then the columns in this order
 */
export function cellsOf(
  names: readonly (readonly [name: string, type: string])[],
  rows: readonly (readonly (string | null)[])[],
  cell: (type: string, text: string) => Cell,
): ReadonlyMap<number, ReadonlyMap<string, Cell>> {
  return new Map(
    rows.map(([id, ...values]) => [
      Number(id),
      new Map(
        names.flatMap(([name, type], i): [string, Cell][] => {
          const value = values[i] ?? null
          return value === null ? [] : [[name, cell(type, value)]]
        }),
      ),
    ]),
  )
}
