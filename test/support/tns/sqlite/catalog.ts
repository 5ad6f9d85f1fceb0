import { OraError } from '../ora-error.js'
import type { OraType } from '../ora-type.js'
import type { Constraint, Expr, Select, TableName } from './ast.js'

export interface ColumnDef {
  readonly name: string
  /** The storage's own name: the database below does not tell upper from lower case. */
  readonly physical: string
  readonly type: OraType
  readonly typeName: string
  readonly notNull: boolean
  readonly default?: Expr
  readonly identity?: { readonly kind: 'ALWAYS' | 'BY DEFAULT' | 'BY DEFAULT ON NULL'; readonly sequence: string }
  readonly virtual?: Expr
}

export interface ConstraintDef extends Constraint {
  readonly name: string
}

export interface IndexDef {
  readonly name: string
  readonly physical: string
  readonly unique: boolean
  readonly parts: readonly Expr[]
}

export interface TableDef {
  readonly owner: string
  readonly name: string
  readonly physical: string
  readonly columns: readonly ColumnDef[]
  readonly constraints: readonly ConstraintDef[]
  readonly indexes: readonly IndexDef[]
}

export interface ViewDef {
  readonly owner: string
  readonly name: string
  readonly select: Select
  readonly columns: readonly { readonly name: string; readonly type: OraType; readonly typeName: string }[]
}

export interface SequenceDef {
  readonly owner: string
  readonly name: string
  next: bigint
}

/** What the database holds, by owner and name. Data definition commits by itself, so that this needs no versions. */
export class Catalog {
  readonly tables = new Map<string, TableDef>()
  readonly views = new Map<string, ViewDef>()
  readonly sequences = new Map<string, SequenceDef>()
  /** Rises with every change, so that prepared statements know when they are stale. */
  version = 0
  #names = 0

  static key(owner: string, name: string): string {
    return `${owner}\u0000${name}`
  }

  fresh(): number {
    return ++this.#names
  }

  systemName(prefix: string): string {
    return `${prefix}${String(this.fresh()).padStart(6, '0')}`
  }

  table(ref: TableName, schema: string): TableDef | undefined {
    return this.tables.get(Catalog.key(ref.schema ?? schema, ref.name))
  }

  needTable(ref: TableName, schema: string): TableDef {
    const table = this.table(ref, schema)
    if (table === undefined) throw new OraError(942, 'table or view does not exist')
    return table
  }

  view(ref: TableName, schema: string): ViewDef | undefined {
    return this.views.get(Catalog.key(ref.schema ?? schema, ref.name))
  }

  sequence(ref: TableName, schema: string): SequenceDef | undefined {
    return this.sequences.get(Catalog.key(ref.schema ?? schema, ref.name))
  }

  put(table: TableDef): void {
    this.tables.set(Catalog.key(table.owner, table.name), table)
    this.version++
  }

  refuseTaken(ref: TableName, schema: string): void {
    if (this.table(ref, schema) !== undefined || this.view(ref, schema) !== undefined)
      throw new OraError(955, 'name is already used by an existing object')
  }
}
