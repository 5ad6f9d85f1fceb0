import type { ErrorCode } from '../codes.js'
import type { Value } from '../row.js'
import type { LogicalType } from '../types.js'
import type { TextFile } from './text-stream.js'

/** Between two records: the byte of the text at which the next one begins, and the number of the last one. */
export interface FilePosition {
  readonly byte: number
  readonly number: number
}

export interface FileRecord {
  /** 1-based: of the record, or of its line where each has one of its own. */
  readonly number: number
  /** Where the next record begins. */
  readonly end: number
  /** In the order of the wanted columns, an array of its own; undefined for what cannot be understood. */
  readonly values: Value[] | undefined
  readonly problem?: { readonly code: ErrorCode; readonly message: string; readonly text: string }
}

export interface FileHead {
  readonly columns: readonly string[]
  /** Where the records begin. */
  readonly start: FilePosition
}

/** What differs between kinds of files that hold rows. */
export interface FileFormat {
  /** Of every value; `any` where each says itself what it is. */
  readonly type: LogicalType
  /** The type in the format's own words. */
  readonly native: string
  /** Columns and where the records begin. */
  head(file: TextFile, signal: AbortSignal): Promise<FileHead>
  /** Records from a position on, some at a time. */
  records(
    file: TextFile,
    head: FileHead,
    from: FilePosition,
    wanted: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly FileRecord[]>
  /**
   * For each of the bytes, which ascend, the end of the first record that ends there or later, if not at the end of the
   * file. Whoever reads on from one finds the records that follow it in {@link FileFormat.records}. None from the place on
   * where the text is wrong, or is not to be gone through quickly.
   */
  positions(file: TextFile, head: FileHead, bytes: readonly number[], signal: AbortSignal): Promise<FilePosition[]>
}
