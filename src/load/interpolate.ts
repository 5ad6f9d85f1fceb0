/** What `${…}` in a text gave, and what it lacked. */
export interface Interpolated {
  readonly text: string
  /** Values that came from variables. */
  readonly used: readonly string[]
  readonly missing: readonly MissingVariable[]
}

export interface MissingVariable {
  readonly name: string
  /** Of `${NAME:?message}`. */
  readonly message?: string
  /** Offset of the `${`. */
  readonly offset: number
  readonly length: number
}

const VARIABLE = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::(-|\?)([^}]*))?\}|\$\{([^}]*)\}?/g

/**
 * Replaces `${NAME}`, `${NAME:-default}` (unset or empty) and `${NAME:?message}`; `$${` stands for `${`.
 * What a variable holds is not looked at again.
 */
export function interpolate(text: string, lookup: (name: string) => string | undefined): Interpolated {
  const used: string[] = []
  const missing: MissingVariable[] = []
  const result = text.replace(VARIABLE, (whole, escaped, name, operator, operand, wrong, offset: number) => {
    if (escaped !== undefined) return '${'
    if (name === undefined) {
      missing.push({ name: String(wrong), message: `\`${whole}\` is not a variable`, offset, length: whole.length })
      return whole
    }
    const value = lookup(name)
    const absent = value === undefined || (operator !== undefined && value === '')
    if (!absent) {
      used.push(value)
      return value
    }
    if (operator === '-') return operand
    const message = operator === '?' && operand !== '' ? { message: String(operand) } : {}
    missing.push({ name, ...message, offset, length: whole.length })
    return whole
  })
  return { text: result, used, missing }
}
