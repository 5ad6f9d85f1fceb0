import type { Diagnostic, DocPath, Position } from '../core/diagnostics.js'
import type { PipelineSpec } from '../spec/model.js'

/** A loaded, valid pipeline file. */
export interface Pipeline {
  /** Path as the user gave it. */
  readonly file: string
  /** Absolute folder of the file; relative paths in it start here. */
  readonly baseDir: string
  readonly text: string
  readonly spec: PipelineSpec
  /** Problems that do not stop it (unused map …). */
  readonly warnings: readonly Diagnostic[]
  /** Values that must never be shown; see redact.ts. */
  readonly secrets: readonly string[]
  /** Files it was made from beside itself (maps, modules), absolute path to SHA-256; part of the fingerprint. */
  readonly files: Readonly<Record<string, string>>
  /** Where a node of the document stands; the nearest parent that exists. Profiles' nodes give their own place. */
  locate(path: DocPath): Position
}

export interface LoadOptions {
  readonly profile?: string
  /** `--var NAME=value`: first for interpolation and for `vars`. */
  readonly vars?: Readonly<Record<string, string>>
  /** Functions of the user's own may be loaded from the folder of the file and run. Default false. */
  readonly allowCode?: boolean
  /** Default `process.env`; `.env` beside the file fills what is missing. */
  readonly env?: Readonly<Record<string, string | undefined>>
}
