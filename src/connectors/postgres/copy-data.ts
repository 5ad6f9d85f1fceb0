import type { Row } from '../../core/row.js'

/** Rows as COPY takes them; `ends[i]` is where row i ends. */
export interface CopyData {
  readonly format: 'text' | 'binary'
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  /** What row 0 is numbered, where rows are: an encoder goes on counting, so that its payloads may be copied together. */
  readonly first: number
}

/** @param first what row 0 is numbered */
export type EncodeRows<T = never> = (rows: readonly Row[], first: number) => CopyData | T
