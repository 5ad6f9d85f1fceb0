import type { Random } from '../../../support/random.js'

/** One source row. */
export interface SourceRow {
  readonly member: string
  /** The source key, by which each member is read. */
  readonly id: number
  /** The target key. */
  readonly k: number
  readonly g: string | null
  readonly n: number | null
  /** `bytes`: text that is no UTF-8. */
  readonly v: string | null | 'bytes'
}

/** A pipeline of one entity, its data and the run that is tried. */
export interface Scenario {
  readonly members: readonly string[]
  readonly rows: readonly SourceRow[]
  readonly keyType: 'integer' | 'text'
  readonly load: 'insert' | 'ignore' | 'upsert' | 'update' | 'replace'
  readonly where: boolean
  readonly filter: boolean
  /** `V` is made a number before the filter; a row where it is none goes no further. */
  readonly early: boolean
  readonly dedupe: { readonly by: readonly ('G' | 'N')[]; readonly keep: 'first' | 'last' } | undefined
  readonly onError: 'quarantine' | 'skip'
  readonly onInvalid: 'null' | 'default' | undefined
  /** The target refuses 13. */
  readonly constraint: boolean
  readonly existing: readonly number[]
  readonly limit: number | undefined
  readonly batchSize: number
  readonly chunks: number
  readonly concurrency: number
  /** What goes wrong in each attempt; the last one is left alone. */
  readonly faults: readonly string[]
}

const POINTS = ['after-begin', 'after-ledger-row', 'after-write', 'before-commit', 'after-commit'] as const

export function scenario(random: Random): Scenario {
  const members = random.chance(0.4) ? ['A', 'B'] : ['A']
  const unique = random.chance(0.4)
  const size = random.int(0, 40)
  const bytes = random.chance(0.3)
  let next = 0
  const rows = members.flatMap(member =>
    Array.from({ length: size }, (_, i): SourceRow => {
      next++
      return {
        member,
        id: i + 1,
        k: unique ? next : random.int(1, Math.max(1, size)),
        g: random.pick(['a', 'b', 'A', 'c', '', null]),
        n: random.pick([0, 1, 2, 3, 4, 5, null]),
        v: random.pick(['1', '2', '13', 'x', null, ...(bytes ? ['bytes'] : [])]),
      }
    }),
  )
  const load = random.pick(['insert', 'ignore', 'upsert', 'update', 'replace'] as const)
  const by = random.pick([['G'], ['N'], ['G', 'N']] as const)
  const dedupe = random.chance(0.5) ? { by, keep: random.pick(['first', 'last'] as const) } : undefined
  const fault = (): string => {
    const action = random.chance(0.1) ? 'throw' : 'fail'
    // The first transaction begins the run: before it there is none to go on with.
    return random.chance(0.15)
      ? random.pick(['entity-complete:fail', `read-batch:${action}@${random.int(1, 6)}`])
      : `${random.pick(POINTS)}:${action}@${random.int(2, 12)}`
  }
  return {
    members,
    rows,
    keyType: random.pick(['integer', 'text']),
    load,
    where: random.chance(0.3),
    filter: random.chance(0.5),
    early: random.chance(0.3),
    dedupe,
    onError: random.pick(['quarantine', 'quarantine', 'skip']),
    onInvalid: random.pick([undefined, undefined, 'null', 'default']),
    // Whether the constraint or the row that is there is seen first is the database's affair.
    constraint: load !== 'ignore' && random.chance(0.4),
    existing: Array.from({ length: size + 5 }, (_, i) => i + 1).filter(() => random.chance(0.3)),
    limit: random.chance(0.15) ? random.int(1, 30) : undefined,
    batchSize: random.int(1, 9),
    // Ranges are loaded side by side: which of two rows with one target key comes first is open.
    chunks: unique ? random.int(1, 4) : 1,
    concurrency: random.int(1, 3),
    faults: Array.from({ length: random.int(0, 3) }, fault),
  }
}

export interface Outcome {
  readonly counts: Readonly<Record<string, number>>
  /** `id`, `v`, `src`. */
  readonly target: readonly (readonly [number, number | null, string])[]
}

export const DEFAULT = 7

/** What the scenario leads to, worked out without the program. */
export function expected(s: Scenario): Outcome {
  const counts = { read: 0, written: 0, skipped: 0, filtered: 0, deduped: 0, quarantined: 0 }
  const target = new Map<number, readonly [number | null, string]>()
  if (s.load !== 'replace') for (const id of s.existing) target.set(id, [null, 'old'])
  const rejected = s.onError === 'skip' ? 'skipped' : 'quarantined'

  const read = s.rows.filter(row => !s.where || (row.n !== null && row.n !== 3)).slice(0, s.limit)
  const sound = (row: SourceRow): boolean => row.v !== 'bytes' && !(s.early && row.v === 'x')
  const passes = (row: SourceRow): boolean => !s.filter || (row.n ?? 0) > 1
  const group = (row: SourceRow): string =>
    JSON.stringify(s.dedupe?.by.map(name => (name === 'G' ? row.g : row.n)) ?? [row.member, row.id])
  const winners = new Map<string, SourceRow>()
  for (const row of read.filter(row => sound(row) && passes(row)))
    if (s.dedupe?.keep === 'last' || !winners.has(group(row))) winners.set(group(row), row)

  for (const row of read) {
    counts.read++
    if (!sound(row)) counts[rejected]++
    else if (!passes(row)) counts.filtered++
    else if (winners.get(group(row)) !== row) counts.deduped++
    else if (row.v === 'x' && s.onInvalid === undefined) counts[rejected]++
    else {
      const invalid = s.onInvalid === 'default' ? DEFAULT : null
      const v = row.v === 'x' ? invalid : row.v === null ? (s.onInvalid === 'default' ? DEFAULT : null) : Number(row.v)
      const there = target.has(row.k)
      const mode = s.load === 'replace' ? 'insert' : s.load
      if (mode === 'ignore' && there) counts.skipped++
      else if ((mode === 'insert' && there) || (mode === 'update' && !there)) counts[rejected]++
      else if (s.constraint && v === 13) counts[rejected]++
      else {
        target.set(row.k, [v, `${row.member}${row.id}`])
        counts.written++
      }
    }
  }
  const rows = [...target].map(([id, [v, src]]) => [id, v, src] as const)
  return { counts, target: rows.toSorted((a, b) => a[0] - b[0]) }
}
