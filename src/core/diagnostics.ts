import type { ErrorCode } from './codes.js'

/** A place in a pipeline file, 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
  /** Characters to underline; 1 or more. */
  readonly length: number
}

/** The way to a node of the document, for example `['entities', 'customer', 'load']`. */
export type DocPath = readonly (string | number)[]

/** One problem of a pipeline file. Problems are data: all of them are collected, sorted and printed together. */
export interface Diagnostic {
  readonly code: ErrorCode
  readonly severity: 'error' | 'warning'
  /** What is wrong with this very place, without the place. */
  readonly message: string
  readonly path: DocPath
  readonly position?: Position
  /** What to do about it: the nearest name, the allowed ones, the next command. */
  readonly hint?: string
}
