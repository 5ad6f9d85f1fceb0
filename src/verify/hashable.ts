import type { Column } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { FieldPlan, ReadPlan } from '../plan/plan.js'
import { databaseNamed } from '../run/context.js'
import { compileCast } from '../transforms/cast.js'
import type { Comparison } from './comparison.js'
import type { VerifyContext } from './context.js'

/** Rows whose key's first column lies between two whole numbers, both included. */
export interface KeyRange {
  readonly low: bigint
  readonly high: bigint
}

/** What a database says of the rows of a range. */
export interface RangeHash {
  readonly rows: number
  /** Undefined where it does not say: only looking at the rows tells. */
  readonly hash: string | undefined
}

/** One side of a comparison, hashed by its own database. */
export interface HashedSide {
  /** A name of `Plan.sources`, or `$target`. */
  readonly source: string
  /** Undefined where there are no rows. */
  ends(session: Session): Promise<KeyRange | undefined>
  hash(session: Session, range: KeyRange): Promise<RangeHash>
  /** The condition of a read that keeps to the range. */
  where(range: KeyRange): string
}

export interface HashedSides {
  readonly expected: HashedSide
  readonly actual: HashedSide
}

/**
 * Both sides as their databases can hash them; undefined where equal hashes would not prove what comparing the rows does:
 * each row of the source must be one of the target with nothing done to any of its values, in databases of one kind.
 *
 * @param seed see {@link Dialect.rowsHash}
 */
export function hashedSides(context: VerifyContext, comparison: Comparison, seed: number): HashedSides | undefined {
  const { entity, pass, key, columns, expected, actual } = comparison
  const { read, program } = expected
  const { from } = read
  const { table } = entity.write
  if (pass !== 'load' || entity.deferred !== undefined || !key.unique || key.kind !== 'columns') return undefined
  if (from.kind !== 'table' || read.window !== undefined || read.snapshot === false) return undefined
  if (expected.limit !== undefined || expected.dedupe !== undefined || expected.leaveOut.size > 0) return undefined
  if (program.filter !== undefined || program.lets.length > 0) return undefined
  const { connector } = databaseNamed(context, from.source)
  const { dialect } = connector.capabilities
  if (connector !== context.target.connector || dialect.rowsHash === undefined) return undefined
  const copied = new Map(program.fields.map(field => [field.target, copiedColumn(field, read)]))
  if ([...copied.values()].includes(undefined)) return undefined
  const sources = columns.map(({ name }) => copied.get(name))
  if (!columns.every(({ type }, i) => sources[i]?.type.kind === type.kind)) return undefined
  const ordered = read.order.map(index => read.columns[index])
  if (ordered.length !== key.columns.length || ordered.some((column, i) => column !== sources[i])) return undefined
  if ([...ordered, ...read.key.map(index => read.columns[index])].some(column => column?.nullable !== false))
    return undefined
  const [first] = key.columns
  if (first?.type.kind !== 'integer') return undefined
  const side = (source: string, place: string, of: readonly NamedColumn[], where: string | undefined) => {
    const hash = dialect.rowsHash?.(of, seed)
    const column = quoteName(dialect, of[0]?.name ?? '')
    const given = where === undefined ? [] : [`(${where}\n)`]
    return hash === undefined ? undefined : hashedSide({ source, place, column, given, hash })
  }
  const sides = {
    expected: side(from.source, quoteTable(dialect, from.table), sources as NamedColumn[], read.where),
    actual: side('$target', quoteTable(dialect, table), columns, actual.read.where),
  }
  return sides.expected === undefined || sides.actual === undefined ? undefined : (sides as HashedSides)
}

type NamedColumn = Pick<Column, 'name' | 'type' | 'native' | 'nullable'>

/** The column of the source that a field hands on as it is; undefined where it does, or may do, anything else. */
function copiedColumn(field: FieldPlan, read: ReadPlan): NamedColumn | undefined {
  const { input, castFrom, castTo, castThen } = field
  if (input.kind !== 'columns' || input.indexes.length !== 1) return undefined
  const column = read.columns[input.indexes[0] ?? -1]
  if (column === undefined || field.apply.length > 0) return undefined
  if (field.map !== undefined || field.lookup !== undefined || field.ref !== undefined) return undefined
  if (column.nullable && (field.required || (field.default ?? null) !== null)) return undefined
  // What the source cannot hold, or its database says of no value of a range, needs no second look.
  const options = { nulInText: true, looseSource: false, onLoss: () => undefined }
  const changes = compileCast(castFrom, castTo, options) ?? (castThen && compileCast(castTo, castThen, options))
  return changes === undefined ? column : undefined
}

interface SideText {
  readonly source: string
  readonly place: string
  readonly column: string
  readonly given: readonly string[]
  readonly hash: string
}

function hashedSide({ source, place, column, given, hash }: SideText): HashedSide {
  const where = ({ low, high }: KeyRange): string =>
    [...given, `${column} >= ${low} and ${column} <= ${high}`].join(' and ')
  const all = given.length === 0 ? '' : ` where ${given.join(' and ')}`
  return {
    source,
    where,
    async ends(session) {
      const [row = []] = await session.query(`select min(${column}), max(${column}) from ${place}${all}`)
      const [low, high] = row
      return low == null || high == null ? undefined : { low: BigInt(String(low)), high: BigInt(String(high)) }
    },
    async hash(session, range) {
      const [row = []] = await session.query(`select count(*), ${hash} from ${place} where ${where(range)}`)
      const [rows, value] = row
      return { rows: Number(rows), hash: value == null ? undefined : String(value) }
    },
  }
}
