import { RowError } from '../../core/errors.js'

/** An empty list is false, everything else as in JavaScript. */
export function truthy(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0 ? false : !!value
}

/** Lists and text that double with every step of a rule would soon take all memory. */
const MAX_LIST = 1_000_000
const MAX_TEXT = 1 << 26

function within(text: string): string {
  if (text.length > MAX_TEXT) throw new RowError('E414', `a text would have more than ${MAX_TEXT} characters`)
  return text
}

// Values are any JSON, and JSON Logic's operators are JavaScript's: these types only let them be applied.
type Loose = number

function exact(value: unknown): Loose {
  if (typeof value === 'bigint')
    throw new RowError(
      'E414',
      'a whole number beyond 2^53 does not fit float arithmetic; use add, subtract, multiply, divide',
    )
  return value as Loose
}

/** `parseFloat`, which for a number only makes -0 into 0. */
function float(value: unknown): number {
  return typeof value === 'number' ? value + 0 : Number.parseFloat(exact(value) as unknown as string)
}

/** A 64-bit integer compares exactly with numbers and whole-number text; with other text the answer would be wrong. */
function comparable(a: unknown, b: unknown): void {
  if (typeof a !== 'bigint' && typeof b !== 'bigint') return
  const other = typeof a === 'bigint' ? b : a
  if (typeof other === 'string' && !/^-?\d+$/.test(other))
    throw new RowError('E414', 'a whole number beyond 2^53 cannot be compared with this text; use compare')
}

function text(value: unknown): string {
  if (Buffer.isBuffer(value)) throw new RowError('E414', 'bytes are not text')
  return String(value)
}

export const less = (a: unknown, b: unknown): boolean => {
  comparable(a, b)
  return (a as Loose) < (b as Loose)
}
export const lessOrEqual = (a: unknown, b: unknown): boolean => {
  comparable(a, b)
  return (a as Loose) <= (b as Loose)
}
export const equal = (a: unknown, b: unknown): boolean => {
  comparable(a, b)
  // biome-ignore lint/suspicious/noDoubleEquals: the meaning of the operator
  return a == b
}

export const binary: ReadonlyMap<string, (a: unknown, b: unknown) => unknown> = new Map(
  Object.entries({
    '==': equal,
    '!=': (a: unknown, b: unknown) => !equal(a, b),
    '===': (a: unknown, b: unknown) => a === b,
    '!==': (a: unknown, b: unknown) => a !== b,
    '<': less,
    '<=': lessOrEqual,
    '>': (a: unknown, b: unknown) => {
      comparable(a, b)
      return (a as Loose) > (b as Loose)
    },
    '>=': (a: unknown, b: unknown) => {
      comparable(a, b)
      return (a as Loose) >= (b as Loose)
    },
    '%': (a: unknown, b: unknown) => exact(a) % exact(b),
    '/': (a: unknown, b: unknown) => exact(a) / exact(b),
    '-': (a: unknown, b: unknown) => (b === undefined ? -exact(a) : exact(a) - exact(b)),
    '+': (a: unknown, b: unknown) => 0 + float(a) + float(b),
    '*': (a: unknown, b: unknown) => float(a) * float(b),
    in: isIn,
  }),
)

function isIn(a: unknown, b: unknown): boolean {
  if (typeof b === 'string') return b !== '' && b.indexOf(a as string) !== -1
  return Array.isArray(b) && b.indexOf(a) !== -1
}

/** Operators that get all their operands, evaluated, in whatever number the rule has. */
export const eager: ReadonlyMap<string, (args: readonly unknown[]) => unknown> = new Map(
  Object.entries({
    ...Object.fromEntries([...binary].map(([name, run]) => [name, ([a, b]: readonly unknown[]) => run(a, b)])),
    '<': ([a, b, c]: readonly unknown[]) => less(a, b) && (c === undefined || less(b, c)),
    '<=': ([a, b, c]: readonly unknown[]) => lessOrEqual(a, b) && (c === undefined || lessOrEqual(b, c)),
    '!': ([a]: readonly unknown[]) => !truthy(a),
    '!!': ([a]: readonly unknown[]) => truthy(a),
    log: ([a]: readonly unknown[]) => a,
    '+': (args: readonly unknown[]) => args.reduce<number>((sum, value) => sum + float(value), 0),
    '*': (args: readonly unknown[]) => args.reduce((product, value) => float(product) * float(value)),
    min: (args: readonly unknown[]) => Math.min(...args.map(exact)),
    max: (args: readonly unknown[]) => Math.max(...args.map(exact)),
    merge: (args: readonly unknown[]) => {
      const length = args.reduce<number>((sum, value) => sum + (Array.isArray(value) ? value.length : 1), 0)
      if (length > MAX_LIST) throw new RowError('E414', `a list would have more than ${MAX_LIST} items`)
      return ([] as unknown[]).concat(...args)
    },
    cat: (args: readonly unknown[]) => {
      let joined = ''
      for (const value of args) if (value !== null && value !== undefined) joined = within(joined + text(value))
      return joined
    },
    substr: ([source, start, end]: readonly unknown[]) =>
      substr(text(source), start as Loose, end as Loose | undefined),
  }),
)

/** A negative length counts from the end. `String.substr` itself defines what odd operands mean. */
function substr(source: string, start: number, end: number | undefined): string {
  if ((end as number) < 0) {
    const rest = source.substr(start)
    return rest.substr(0, rest.length + (end as number))
  }
  return source.substr(start, end)
}
