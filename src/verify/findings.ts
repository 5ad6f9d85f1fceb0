import type { Column } from '../core/catalog.js'
import { textsOf } from '../run/canonical-rows.js'
import type { VerifyAllowed } from '../spec/model.js'
import { allowedBy } from './allow.js'
import type { Difference, FieldDifference } from './api.js'
import { describeDifference } from './describe.js'

/** Differences that are told one by one; past it they are counted. */
const TOLD = 100

const NAMED = 3

/** What a comparison found; plain data, so that it can be kept and gone on with. */
export interface Found {
  equal: number
  different: number
  missing: number
  extra: number
  /** Rows of the target that are there more often than they should be. */
  doubled: number
  /** Rows that should be there once for several of the source: the last, or the first, stands for all. */
  merged: number
  /** By column. */
  readonly fields: Record<string, number>
  /** By rule. */
  readonly allowed: Record<string, number>
  readonly differences: Difference[]
}

export function nothingFound(): Found {
  return {
    equal: 0,
    different: 0,
    missing: 0,
    extra: 0,
    doubled: 0,
    merged: 0,
    fields: {},
    allowed: {},
    differences: [],
  }
}

export interface FindingsOptions {
  /** Of the lines, the key's first. */
  readonly columns: readonly Column[]
  readonly keyColumns: number
  /** Names of the columns, each with what makes it. */
  readonly steps: ReadonlyMap<string, string>
  readonly allow: VerifyAllowed
  readonly showValues: boolean
  /** Only rows that both sides have are looked at. */
  readonly pairsOnly: boolean
  /** All rows of the target are this entity's: others are told. */
  readonly owned: boolean
}

/** Gathers what a comparison finds. */
export class Findings {
  readonly found: Found
  readonly #options: FindingsOptions

  constructor(options: FindingsOptions, found: Found = nothingFound()) {
    this.#options = options
    this.found = found
  }

  same(rows: number): void {
    this.found.equal += rows
  }

  /** Several rows of the source that are one in the target. */
  merged(rows: number): void {
    this.found.merged += rows
  }

  missing(line: Buffer): void {
    if (this.#options.pairsOnly) return
    this.found.missing++
    this.#tell({ kind: 'missing', key: this.#keyOf(textsOf(line)) })
  }

  extra(line: Buffer, doubled = false): void {
    if (this.#options.pairsOnly) return
    if (doubled) this.found.doubled++
    else this.found.extra++
    if (doubled || this.#options.owned)
      this.#tell({ kind: doubled ? 'doubled' : 'extra', key: this.#keyOf(textsOf(line)) })
  }

  /** Two rows with one key: the same, or what differs. */
  pair(expected: Buffer, actual: Buffer): void {
    if (expected.equals(actual)) {
      this.found.equal++
      return
    }
    const [wanted, there] = [textsOf(expected), textsOf(actual)]
    const fields = this.#differing(wanted, there)
    if (fields.length === 0) {
      this.found.equal++
      return
    }
    this.found.different++
    for (const { column } of fields) this.found.fields[column] = (this.found.fields[column] ?? 0) + 1
    this.#tell({ kind: 'different', key: this.#keyOf(there), fields })
  }

  /** Rows without a key that differ in more columns are not held to be one row. */
  get mayDiffer(): number {
    return Math.floor(this.#options.columns.length / 2)
  }

  /** How many columns of two lines differ. */
  distance(expected: Buffer, actual: Buffer): number {
    const there = textsOf(actual)
    return textsOf(expected).filter((text, i) => text !== there[i]).length
  }

  #differing(wanted: readonly (string | null)[], there: readonly (string | null)[]): FieldDifference[] {
    const { columns, steps, allow, showValues } = this.#options
    return columns.flatMap(({ name, type }, i) => {
      const [expected, actual] = [wanted[i] ?? null, there[i] ?? null]
      if (expected === actual) return []
      const rule = allowedBy(type, expected, actual, allow)
      if (rule !== undefined) {
        this.found.allowed[rule] = (this.found.allowed[rule] ?? 0) + 1
        return []
      }
      const how = describeDifference(type, expected, actual)
      return [{ column: name, step: steps.get(name) ?? '', how, ...(showValues ? { expected, actual } : {}) }]
    })
  }

  #keyOf(texts: readonly (string | null)[]): Record<string, string | null> {
    const { columns, keyColumns } = this.#options
    // Rows without a key are named by their first columns.
    const named = keyColumns === 0 ? NAMED : keyColumns
    return Object.fromEntries(columns.slice(0, named).map(({ name }, i) => [name, texts[i] ?? null]))
  }

  #tell(difference: Difference): void {
    if (this.found.differences.length < TOLD) this.found.differences.push(difference)
  }
}
