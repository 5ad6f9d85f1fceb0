import type { Findings } from './findings.js'
import type { Rows } from './rows.js'
import { keyEnd } from './rows.js'
import { SortedFile } from './sorted-file.js'

/** Rows of one heap that are in memory together, about. */
const HEAP_ROWS = 20_000
const MOST_HEAPS = 1024
/** Rows that are held to be paired by likeness, of each side. */
const UNPAIRED = 500

export interface SortOptions {
  readonly folder: string
  /** About how many rows the larger side has. */
  readonly rows: number
  readonly keyColumns: number
  /** Several expected rows with one key are one row: the last of them, or the first. Absent: each is its own. */
  readonly stands?: 'first' | 'last'
  /** After each part that was read. */
  readonly read: () => void
}

/** Compares two sides that come in any order: both are sorted into heaps by their keys, then heap by heap. */
export async function sortAndCompare(
  expected: Rows,
  actual: Rows,
  findings: Findings,
  options: SortOptions,
): Promise<void> {
  const heaps = Math.min(MOST_HEAPS, Math.max(1, Math.ceil(options.rows / HEAP_ROWS)))
  const files: SortedFile[] = []
  try {
    const [left, right] = [new SortedFile(options.folder, heaps), new SortedFile(options.folder, heaps)]
    files.push(left, right)
    const spread = async (rows: Rows, file: SortedFile): Promise<void> => {
      while (await rows.more()) {
        options.read()
        for (; rows.at < rows.count; rows.at++) {
          const line = rows.line()
          file.add(hash(line, keyEnd(line, options.keyColumns)) % heaps, line)
        }
      }
    }
    // One that fails must not leave the other one reading from what is closed then.
    const ended = await Promise.allSettled([spread(expected, left), spread(actual, right)])
    for (const result of ended) if (result.status === 'rejected') throw result.reason
    const unpaired = { expected: [] as Buffer[], actual: [] as Buffer[] }
    for (let heap = 0; heap < heaps; heap++) {
      options.read()
      compareHeap(left.read(heap), right.read(heap), findings, options, unpaired)
    }
    pairByLikeness(unpaired.expected, unpaired.actual, findings)
  } finally {
    for (const file of files) file.close()
  }
}

/** FNV-1a. */
function hash(line: Buffer, end: number): number {
  let value = 0x811c9dc5
  for (let i = 0; i < end; i++) value = Math.imul(value ^ (line[i] as number), 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

interface Unpaired {
  readonly expected: Buffer[]
  readonly actual: Buffer[]
}

/** Compares all rows of some keys, of both sides. */
export function compareHeap(
  left: Buffer,
  right: Buffer,
  findings: Findings,
  { keyColumns, stands }: Pick<SortOptions, 'keyColumns' | 'stands'>,
  unpaired?: Unpaired,
): void {
  const wanted = new Map<string, Buffer[]>()
  for (const line of lines(left)) {
    const key = line.toString('latin1', 0, keyEnd(line, keyColumns))
    const known = wanted.get(key)
    if (known === undefined) wanted.set(key, [line])
    else if (stands === undefined) known.push(line)
    else {
      findings.merged(1)
      if (stands === 'last') known[0] = line
    }
  }
  const there = new Map<string, Buffer[]>()
  for (const line of lines(right)) {
    const key = line.toString('latin1', 0, keyEnd(line, keyColumns))
    const [only, ...others] = wanted.get(key) ?? []
    const found = there.get(key)
    // Nearly every row: one on each side, and both the same.
    if (only !== undefined && others.length === 0 && found === undefined && only.equals(line)) {
      findings.same(1)
      wanted.set(key, [])
      there.set(key, [])
    } else if (found === undefined) there.set(key, [line])
    else found.push(line)
  }
  for (const [key, expected] of wanted) {
    settle(expected, there.get(key) ?? [], true, findings, keyColumns === 0 ? unpaired : undefined)
    there.delete(key)
  }
  for (const actual of there.values()) settle([], actual, false, findings, keyColumns === 0 ? unpaired : undefined)
}

/**
 * Rows of one key: those that are the same first, then what is left in its order.
 *
 * @param known there should be a row with this key
 */
function settle(
  expected: readonly Buffer[],
  actual: readonly Buffer[],
  known: boolean,
  findings: Findings,
  unpaired?: Unpaired,
): void {
  if (expected.length === 0 && actual.length === 0) return
  const there = [...actual]
  const wanted = expected.filter(line => {
    const at = there.findIndex(other => other.equals(line))
    if (at < 0) return true
    there.splice(at, 1)
    findings.same(1)
    return false
  })
  if (unpaired !== undefined) {
    for (const line of wanted) hold(unpaired.expected, line, () => findings.missing(line))
    for (const line of there)
      known ? findings.extra(line, true) : hold(unpaired.actual, line, () => findings.extra(line))
    return
  }
  const pairs = Math.min(wanted.length, there.length)
  for (let i = 0; i < pairs; i++) findings.pair(wanted[i] as Buffer, there[i] as Buffer)
  for (const line of wanted.slice(pairs)) findings.missing(line)
  for (const line of there.slice(pairs)) findings.extra(line, known)
}

function hold(held: Buffer[], line: Buffer, full: () => void): void {
  if (held.length < UNPAIRED) held.push(Buffer.from(line))
  else full()
}

/** Rows without a key: the two that differ in the fewest columns, and in fewer than all but one, are held to be one row. */
function pairByLikeness(expected: readonly Buffer[], actual: readonly Buffer[], findings: Findings): void {
  const left = new Set(actual)
  for (const line of expected) {
    let [best, least]: [Buffer | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
    for (const other of left) {
      const distance = findings.distance(line, other)
      if (distance < least) [best, least] = [other, distance]
    }
    if (best === undefined || least > findings.mayDiffer) findings.missing(line)
    else {
      left.delete(best)
      findings.pair(line, best)
    }
  }
  for (const line of left) findings.extra(line)
}

function* lines(all: Buffer): Generator<Buffer> {
  let start = 0
  while (start < all.length) {
    const end = all.indexOf(10, start) + 1
    yield all.subarray(start, end)
    start = end
  }
}
