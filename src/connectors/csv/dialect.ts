import type { ConnectionConfig } from '../../core/connector.js'
import { DEFAULT_MAX_RECORD } from '../../core/files/spec.js'

/** How the records of a file are written. */
export interface CsvDialect {
  readonly columns: readonly string[] | undefined
  readonly delimiter: string
  readonly quote: string | false
  readonly escape: string
  /** What stands for null where it is not quoted. */
  readonly null: string
  readonly skipLines: number
  readonly maxRecord: number
}

export function csvDialect(config: ConnectionConfig): CsvDialect {
  const given = config as ConnectionConfig & {
    readonly columns?: readonly string[]
    readonly delimiter?: string
    readonly quote?: string | false
    readonly escape?: string
    readonly null?: string
    readonly skip_lines?: number
    readonly max_record?: number
  }
  const quote = given.quote ?? '"'
  return {
    columns: given.columns,
    delimiter: given.delimiter ?? ',',
    quote,
    escape: given.escape ?? (quote === false ? '"' : quote),
    null: given.null ?? '',
    skipLines: given.skip_lines ?? 0,
    maxRecord: given.max_record ?? DEFAULT_MAX_RECORD,
  }
}

/** The dialect in the words of csv-parse. */
export function parserOptions(dialect: CsvDialect, skipEmptyLines: boolean) {
  return {
    delimiter: dialect.delimiter,
    quote: dialect.quote,
    escape: dialect.quote === false ? null : dialect.escape,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: skipEmptyLines,
  }
}
