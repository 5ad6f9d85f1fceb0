import type { ReadColumn, WriteSpec } from '../../core/connector.js'
import type { LogicalType } from '../../core/types.js'
import type { WriteTrace } from '../../core/write-trace.js'
import type { PgConnection, TextRow } from './connection.js'
import { quote, quoteAll, rowVersion } from './dialect.js'
import type { TargetTable } from './target-table.js'

/** What a function of the server takes. */
const ARGUMENTS = 100

export interface Former extends Omit<WriteTrace, 'inserted'> {
  /** Rows that this transaction has written before. */
  readonly own: number
}

/** False for a partitioned table, which does not say which rows are new. */
export function tellsTrace({ mode, trace, match }: WriteSpec, { partitioned }: TargetTable): boolean {
  return mode !== 'insert' && trace !== undefined && !partitioned && Math.max(trace.length, match.length) <= ARGUMENTS
}

/** Rows that a merge is about to update; they are locked, so that it has the very ones that were told of. */
export function formerReader(
  connection: PgConnection,
  { match, trace = [] }: WriteSpec,
  target: TargetTable,
  staging: string,
): () => Promise<Former> {
  const names = quoteAll(match)
  const same = match.map(name => `t.${quote(name)} = d.${quote(name)}`).join(' and ')
  const foreign = `filter (where version <> (select ${rowVersion.current}))`
  // The planner expects few rows of a `distinct`, so it looks them up, whatever the size of the table.
  const sql =
    `with d as (select distinct on (${names}) ${names} from ${staging} order by ${names}), ` +
    `t as (select cast(t.${rowVersion.column} as text) as version, cast(${jsonRow(trace, 't.')} as text) as content ` +
    `from d join ${target.sql} t on ${same} for update of t) ` +
    `select count(*), count(*) ${foreign}, string_agg(content, ',') ${foreign}, string_agg('"' || version || '"', ',') ${foreign} from t`
  return async () => {
    const [all, count, updated, versions] = (await connection.run(sql)).rows[0] as TextRow
    return {
      updated: { count: Number(count), json: updated ?? '' },
      versions: { count: Number(count), json: versions ?? '' },
      own: Number(all) - Number(count),
    }
  }
}

/** An expression: values as the server writes them, in an array of JSON. */
export function jsonRow(columns: readonly Pick<ReadColumn, 'name' | 'type'>[], prefix = ''): string {
  return `json_build_array(${columns.map(({ name, type }) => jsonValue(type, `${prefix}${quote(name)}`)).join(', ')})`
}

/** Of `toJson`. */
function jsonValue(type: LogicalType, sql: string): string {
  switch (type.kind) {
    // As they are: a cast drops what pads a `char`.
    case 'boolean':
    case 'text':
    case 'enum':
    case 'uuid':
      return sql
    case 'integer':
    case 'decimal':
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'json':
      return `cast(${sql} as text)`
    case 'bytes':
      return `case when ${sql} is not null then json_build_object('$bytes', encode(${sql}, 'base64')) end`
    // What a type makes of a cast to text may be another text than its own; a row of nulls is not null.
    default:
      return `case when ${sql} is distinct from null then format('%s', ${sql}) end`
  }
}
