import type { OraType } from '../ora-type.js'

export type Expr =
  | { readonly is: 'text' | 'number'; readonly value: string }
  | { readonly is: 'null' }
  | { readonly is: 'moment'; readonly kind: 'DATE' | 'TIMESTAMP'; readonly value: string }
  | { readonly is: 'bind'; readonly index: number }
  | { readonly is: 'column'; readonly path: readonly string[] }
  | {
      readonly is: 'call'
      readonly name: string
      readonly args: readonly Expr[]
      readonly star: boolean
      readonly distinct: boolean
    }
  | { readonly is: 'arithmetic'; readonly op: '+' | '-' | '*' | '/' | '||'; readonly left: Expr; readonly right: Expr }
  | { readonly is: 'negative'; readonly expr: Expr }
  | {
      readonly is: 'case'
      readonly operand?: Expr
      readonly whens: readonly (readonly [Expr, Expr])[]
      readonly otherwise?: Expr
    }
  | { readonly is: 'cast'; readonly expr: Expr; readonly type: OraType }
  | { readonly is: 'subquery'; readonly select: Select }
  | { readonly is: 'default' }
  | { readonly is: 'row'; readonly items: readonly Expr[] }
  // Conditions
  | { readonly is: 'compare'; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly is: 'logic'; readonly op: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly is: 'not'; readonly expr: Expr }
  | { readonly is: 'isnull'; readonly expr: Expr; readonly negated: boolean }
  | { readonly is: 'in'; readonly expr: Expr; readonly list: readonly Expr[] | Select; readonly negated: boolean }
  | { readonly is: 'between'; readonly expr: Expr; readonly low: Expr; readonly high: Expr; readonly negated: boolean }
  | {
      readonly is: 'like'
      readonly expr: Expr
      readonly pattern: Expr
      readonly escape?: Expr
      readonly negated: boolean
    }
  | { readonly is: 'exists'; readonly select: Select }

export interface TableName {
  readonly schema?: string
  readonly name: string
}

export type From =
  | { readonly is: 'table'; readonly table: TableName; readonly alias?: string; readonly asOf?: Expr }
  | { readonly is: 'select'; readonly select: Select; readonly alias?: string; readonly asOf?: Expr }
  | {
      readonly is: 'join'
      readonly kind: 'inner' | 'left' | 'cross'
      readonly left: From
      readonly right: From
      readonly on?: Expr
    }

export interface OrderItem {
  readonly expr: Expr
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface Select {
  readonly with: readonly { readonly name: string; readonly select: Select }[]
  readonly distinct: boolean
  readonly items: readonly ({ readonly expr: Expr; readonly alias?: string } | { readonly star: string | undefined })[]
  readonly from: From | undefined
  readonly where: Expr | undefined
  readonly groupBy: readonly Expr[]
  readonly having: Expr | undefined
  readonly union: readonly { readonly op: 'union' | 'union all' | 'intersect' | 'except'; readonly select: Select }[]
  readonly orderBy: readonly OrderItem[]
  readonly offset: Expr | undefined
  readonly rows: Expr | undefined
  readonly lock: 'nowait' | 'wait' | undefined
}

export interface Assignment {
  readonly column: string
  readonly expr: Expr
}

export interface ColumnDefinition {
  readonly name: string
  readonly type: OraType | undefined
  /** The words of the type for the dictionary, `FLOAT` beside NUMBER. */
  readonly typeName: string
  readonly notNull: boolean
  readonly default?: Expr
  readonly identity?: 'ALWAYS' | 'BY DEFAULT' | 'BY DEFAULT ON NULL'
  readonly virtual?: Expr
  readonly constraints: readonly Constraint[]
}

export interface Constraint {
  readonly kind: 'P' | 'U' | 'R' | 'C'
  readonly name: string | undefined
  readonly columns: readonly string[]
  readonly check?: Expr
  readonly references?: TableName
  readonly referenced?: readonly string[]
  readonly onDelete?: 'cascade' | 'set null'
  readonly deferred?: boolean
}

export type AlterAction =
  | { readonly is: 'addColumns'; readonly columns: readonly ColumnDefinition[] }
  | { readonly is: 'addConstraint'; readonly constraint: Constraint }
  | { readonly is: 'dropColumn'; readonly column: string }
  | { readonly is: 'modify'; readonly columns: readonly ColumnDefinition[]; readonly nullable: readonly string[] }
  | { readonly is: 'restart'; readonly column: string; readonly value: Expr | 'limit' }
  | { readonly is: 'rename'; readonly name: string }

export type Statement =
  | { readonly is: 'select'; readonly select: Select }
  | {
      readonly is: 'insert'
      readonly table: TableName
      readonly columns: readonly string[] | undefined
      /** Several rows only from 23ai on. */
      readonly values: readonly (readonly Expr[])[] | Select
      readonly returning: readonly Expr[]
    }
  | {
      readonly is: 'update'
      readonly table: TableName
      readonly alias?: string
      readonly set: readonly Assignment[]
      readonly where: Expr | undefined
      readonly returning: readonly Expr[]
    }
  | {
      readonly is: 'delete'
      readonly table: TableName
      readonly alias?: string
      readonly where: Expr | undefined
      readonly returning: readonly Expr[]
    }
  | {
      readonly is: 'merge'
      readonly table: TableName
      readonly alias?: string
      readonly source: From
      readonly on: Expr
      readonly update?: { readonly set: readonly Assignment[]; readonly where: Expr | undefined }
      readonly insert?: {
        readonly columns: readonly string[]
        readonly values: readonly Expr[]
        readonly where: Expr | undefined
      }
    }
  | {
      readonly is: 'createTable'
      readonly table: TableName
      readonly columns: readonly ColumnDefinition[]
      readonly constraints: readonly Constraint[]
      readonly select?: Select
    }
  | {
      readonly is: 'createView'
      readonly view: TableName
      readonly select: Select
      readonly columns: readonly string[]
      readonly replace: boolean
    }
  | {
      readonly is: 'createIndex'
      readonly index: TableName
      readonly table: TableName
      readonly unique: boolean
      readonly parts: readonly Expr[]
    }
  | { readonly is: 'createSequence'; readonly sequence: TableName; readonly start: string }
  | { readonly is: 'alterTable'; readonly table: TableName; readonly action: AlterAction }
  | {
      readonly is: 'drop'
      readonly what: 'TABLE' | 'VIEW' | 'INDEX' | 'SEQUENCE'
      readonly name: TableName
      readonly cascade: boolean
    }
  | { readonly is: 'truncate'; readonly table: TableName }
  | { readonly is: 'commit' }
  | { readonly is: 'rollback'; readonly to?: string }
  | { readonly is: 'savepoint'; readonly name: string }
  | { readonly is: 'setTransaction'; readonly readOnly: boolean }
  | { readonly is: 'setConstraints'; readonly immediate: boolean }
  | { readonly is: 'alterSession'; readonly settings: readonly (readonly [string, string])[] }
