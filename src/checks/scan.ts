import { type KeySet, openKeySet } from '../connectors/sqlite/key-set.js'
import { EtlError } from '../core/errors.js'
import { keyText, type Row, type Value } from '../core/row.js'
import { withinTime } from '../core/time-limit.js'
import type { ReadPlan } from '../plan/plan.js'
import type { OpenSource } from '../run/reading-sessions.js'
import { slices } from '../run/source-slices.js'
import type { CheckRule } from '../spec/model.js'
import { plainText, toBig } from '../transforms/decimal.js'
import { SHOWN_KEYS } from './result.js'

/** For the rows of a slice. */
const PATTERN_MS = 10_000
const SCAN = { rows: 5000, bytes: 16 * 1024 * 1024 }

export interface Scanned {
  readonly count: number
  readonly keys: readonly string[]
}

/** Looks at the rows one by one: files, rows of the file, unions, and patterns. */
export async function scan(
  rule: CheckRule,
  read: ReadPlan,
  open: OpenSource,
  others: () => Promise<ReadPlan>,
  signal: AbortSignal,
): Promise<Scanned> {
  const sets: KeySet[] = []
  const newSet = async (): Promise<KeySet> => {
    const set = await openKeySet()
    sets.push(set)
    return set
  }
  try {
    const breaks = await judge(rule, read, newSet, async set => {
      for await (const { rows } of slices(open, await others(), SCAN, signal))
        for (const [value] of rows) if (value !== null && value !== undefined) set.addNew(keyText([value]))
    })
    let count = 0
    const keys: string[] = []
    const malformed = new Set<number>()
    for await (const slice of slices(open, read, SCAN, signal)) {
      signal.throwIfAborted()
      malformed.clear()
      for (const { row } of slice.malformed ?? []) malformed.add(row)
      const look = (): void => {
        for (const [i, row] of slice.rows.entries()) {
          if (malformed.has(i) || !breaks(row)) continue
          count++
          if (keys.length < SHOWN_KEYS) keys.push(keyWords(read, rule, row))
        }
      }
      if (rule.kind !== 'matches') look()
      else if (!withinTime(PATTERN_MS, look)) throw tooSlow(rule)
    }
    return { count, keys: keys.filter(key => key !== '') }
  } finally {
    for (const set of sets) set.close()
  }
}

function tooSlow({ column }: { readonly column: string }): EtlError {
  return new EtlError(
    'E211',
    `the pattern of ${column} takes too long: it goes through the same text again and again`,
    {
      kind: 'usage',
      hint: 'write (a|b)* as [ab]*, and say what may not come where: [^,]*, instead of .*,',
    },
  )
}

type Judge = (row: Row) => boolean

async function judge(
  rule: CheckRule,
  read: ReadPlan,
  newSet: () => Promise<KeySet>,
  fill: (set: KeySet) => Promise<void>,
): Promise<Judge> {
  const at = (name: string): number => read.columns.findIndex(column => column.name === name)
  const one = (column: string, breaks: (value: Exclude<Value, null>) => boolean): Judge => {
    const index = at(column)
    return row => {
      const value = row[index] ?? null
      return value !== null && breaks(value)
    }
  }
  switch (rule.kind) {
    case 'unique': {
      const indexes = rule.columns.map(at)
      const [seen, doubles] = [await newSet(), await newSet()]
      return row => {
        const values = indexes.map(index => row[index] ?? null)
        if (values.includes(null)) return false
        const key = keyText(values)
        return !seen.addNew(key) && doubles.addNew(key)
      }
    }
    case 'not_null': {
      const indexes = rule.columns.map(at)
      return row => indexes.some(index => (row[index] ?? null) === null)
    }
    case 'accepted': {
      const accepted = new Set(rule.values.map(String))
      return one(rule.column, value => !accepted.has(String(value)))
    }
    case 'range': {
      const { min, max } = rule
      return one(
        rule.column,
        value =>
          (min !== undefined && !(compare(value, min) >= 0)) || (max !== undefined && !(compare(value, max) <= 0)),
      )
    }
    case 'matches': {
      const pattern = new RegExp(rule.pattern, 'u')
      return one(rule.column, value => !pattern.test(String(value)))
    }
    case 'references': {
      const known = await newSet()
      await fill(known)
      return one(rule.column, value => !known.has(keyText([value])))
    }
    default:
      throw new Error(`${rule.kind} is not looked at row by row`)
  }
}

/** As numbers beside a number, else as text. NaN where the value is no number: that lies in no range of numbers. */
function compare(value: Exclude<Value, null>, bound: number | string): number {
  if (typeof bound === 'string') return String(value) < bound ? -1 : String(value) > bound ? 1 : 0
  if (typeof value === 'boolean' || Buffer.isBuffer(value) || plainText(String(value)) === undefined) return Number.NaN
  return toBig(value).cmp(toBig(bound))
}

/** `id 7`: what the row is called, by its key, or by the values that must be unique. */
function keyWords(read: ReadPlan, rule: CheckRule, row: Row): string {
  const indexes =
    rule.kind === 'unique' ? rule.columns.map(name => read.columns.findIndex(column => column.name === name)) : read.key
  return shownKey(
    indexes.map(index => read.columns[index]?.name ?? ''),
    indexes.map(index => row[index] ?? null),
  )
}

export function shownKey(names: readonly string[], values: readonly Value[]): string {
  return names
    .map((name, i) => {
      const value = values[i] ?? null
      const text = Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : String(value)
      return `${name} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`
    })
    .join(', ')
}
