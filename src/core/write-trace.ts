/** Rows as JSON, each as an array of what `toJson` makes of its values, with commas between them. */
export interface JsonRows {
  readonly count: number
  readonly json: string
}

/** What a write did to rows of its table, so that it can be taken back. Their values pass through as the text that they are. */
export interface WriteTrace {
  /** The match values of rows that are new, as the table holds them. */
  readonly inserted: JsonRows
  /** Rows as they were before they were updated; those that the transaction itself had written are left out. */
  readonly updated: JsonRows
  /** The versions that those had: one text each. */
  readonly versions: JsonRows
}

export function joinTraces(one: WriteTrace | undefined, other: WriteTrace): WriteTrace {
  if (one === undefined) return other
  return {
    inserted: joined(one.inserted, other.inserted),
    updated: joined(one.updated, other.updated),
    versions: joined(one.versions, other.versions),
  }
}

function joined(one: JsonRows, other: JsonRows): JsonRows {
  const parts = [one, other].filter(({ count }) => count > 0)
  return { count: one.count + other.count, json: parts.map(({ json }) => json).join(',') }
}
