/** An operator call: an object with exactly one key. Everything else in a rule is a list of rules or a literal. */
export type Call = Readonly<Record<string, unknown>>

export function isCall(rule: unknown): rule is Call {
  return typeof rule === 'object' && rule !== null && !Array.isArray(rule) && Object.keys(rule).length === 1
}

export function operatorOf(call: Call): string {
  return Object.keys(call)[0] as string
}

/** The operands as a list; `{ var: x }` is short for `{ var: [x] }`. */
export function operandsOf(call: Call): readonly unknown[] {
  const operands = call[operatorOf(call)]
  return Array.isArray(operands) ? operands : [operands]
}

/** Operators whose second operand looks at one item of a list and sees nothing of the row. */
export const ITEM_OPERATORS: ReadonlySet<string> = new Set(['map', 'filter', 'reduce', 'all', 'none', 'some'])

/** Operators of JSON Logic with the number of operands that make sense; they win over functions of the same name. */
export const STANDARD: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map(
  Object.entries({
    var: [0, 2],
    missing: [0, Number.POSITIVE_INFINITY],
    missing_some: [2, 2],
    if: [2, Number.POSITIVE_INFINITY],
    '?:': [2, Number.POSITIVE_INFINITY],
    and: [1, Number.POSITIVE_INFINITY],
    or: [1, Number.POSITIVE_INFINITY],
    '!': [1, 1],
    '!!': [1, 1],
    '==': [2, 2],
    '===': [2, 2],
    '!=': [2, 2],
    '!==': [2, 2],
    '>': [2, 2],
    '>=': [2, 2],
    '<': [2, 3],
    '<=': [2, 3],
    '+': [1, Number.POSITIVE_INFINITY],
    '-': [1, 2],
    '*': [1, Number.POSITIVE_INFINITY],
    '/': [2, 2],
    '%': [2, 2],
    min: [1, Number.POSITIVE_INFINITY],
    max: [1, Number.POSITIVE_INFINITY],
    cat: [1, Number.POSITIVE_INFINITY],
    substr: [2, 3],
    in: [2, 2],
    merge: [0, Number.POSITIVE_INFINITY],
    log: [1, 1],
    map: [2, 2],
    filter: [2, 2],
    reduce: [2, 3],
    all: [2, 2],
    none: [2, 2],
    some: [2, 2],
  }).map(([name, [min, max]]) => [name, { min: min as number, max: max as number }]),
)

/** Operators nested deeper than this are refused. */
export const MAX_DEPTH = 64
