/** What a person wants to know of an error code. Texts are Markdown of one line; commands and keys stand in backquotes. */
export interface Explanation {
  /** What it means. */
  readonly means: string
  /** Why it happens. */
  readonly why: string
  /** One message, as it is printed. */
  readonly example: Example
  /** How to mend it: the likeliest first. */
  readonly mend: readonly string[]
}

export interface Example {
  /** A problem of the file: its place. */
  readonly at?: string
  /** Any other error: a source, an entity, a file. */
  readonly where?: string
  /** A row that cannot go on: its entity, and its column where it is one's fault. */
  readonly rejected?: { readonly entity: string; readonly field?: string }
  readonly warning?: true
  readonly what: string
  readonly hint?: string
}
