import type { Key } from './compare-keys.js'
import type { Findings } from './findings.js'
import type { Rows } from './rows.js'

/** The sides do not come in one order: they have to be sorted. */
export class NotInOrder extends Error {}

/** More missing rows than this look like another order than the key's. */
const DOUBTFUL = 10_000

/**
 * Compares two sides that come in the order of their key. Runs of equal rows are compared as bytes, which needs no order;
 * where the sides part, the order says which of them lacks a row. It is taken on trust, and checked there: a row that comes
 * after a greater one was taken for missing or extra, and ends the comparison.
 *
 * @param compare the order of the key
 * @param between called where all rows of a batch of the expected side are done
 * @throws NotInOrder
 */
export async function merge(
  expected: Rows,
  actual: Rows,
  compare: (a: Key, b: Key) => number,
  findings: Findings,
  between: () => Promise<void>,
): Promise<void> {
  const [wanted, there] = [new Ascending(expected, compare), new Ascending(actual, compare)]
  let passed = expected.passed
  for (;;) {
    const [left, right] = [await expected.more(), await actual.more()]
    if (expected.passed !== passed) {
      passed = expected.passed
      await between()
    }
    if (!left && !right) return
    if (left && right) {
      const rows = equalRows(expected, actual)
      wanted.done(rows)
      there.done(rows)
      findings.same(rows)
      if (rows > 0) continue
    }
    const [key, other] = [left ? wanted.key() : undefined, right ? there.key() : undefined]
    const sign = key === undefined ? 1 : other === undefined ? -1 : compare(key, other)
    if (sign === 0) findings.pair(expected.line(), actual.line())
    else if (sign < 0) findings.missing(expected.line())
    else findings.extra(actual.line())
    if (sign <= 0) wanted.done(1)
    if (sign >= 0) there.done(1)
    if (findings.found.missing > DOUBTFUL) throw new NotInOrder()
  }
}

/** Watches the keys of one side where the sides part: each must be above those that were looked at before it. */
class Ascending {
  readonly #rows: Rows
  readonly #compare: (a: Key, b: Key) => number
  #last: Key | undefined
  #looked = false

  constructor(rows: Rows, compare: (a: Key, b: Key) => number) {
    this.#rows = rows
    this.#compare = compare
  }

  /** Of the row that stands there. */
  key(): Key {
    if (this.#looked && this.#last !== undefined) return this.#last
    const key = this.#rows.keyAt()
    for (const before of [this.#last, this.#rows.lastKey])
      if (before !== undefined && this.#compare(key, before) <= 0) throw new NotInOrder()
    this.#last = key
    this.#looked = true
    return key
  }

  done(rows: number): void {
    this.#rows.at += rows
    if (rows > 0) this.#looked = false
  }
}

/** How many rows from here on are the same on both sides. */
function equalRows(a: Rows, b: Rows): number {
  let most = Math.min(a.count - a.at, b.count - b.at)
  if (same(a, b, most)) return most
  // The first rows of a run are equal up to some row and to no longer one.
  let least = 0
  while (most - least > 1) {
    const middle = (least + most) >> 1
    if (same(a, b, middle)) least = middle
    else most = middle
  }
  return least
}

function same(a: Rows, b: Rows, rows: number): boolean {
  const [from, to] = [a.start(a.at), a.ends[a.at + rows - 1] as number]
  const [other, end] = [b.start(b.at), b.ends[b.at + rows - 1] as number]
  return to - from === end - other && a.bytes.compare(b.bytes, other, end, from, to) === 0
}
