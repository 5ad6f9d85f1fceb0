import { OWN_TYPES, type OwnFunction, type OwnType } from '../../core/own-function.js'

const NUMERIC = /^[+-]?(?:\d+\.?\d*|\.\d+)$/

/** Is it a value of the type? Null is asked for elsewhere. */
export function isOwnValue(type: OwnType, value: unknown): boolean {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value)
    case 'number':
      return typeof value === 'bigint' || Number.isFinite(value)
    case 'decimal':
      return typeof value === 'string' ? NUMERIC.test(value) : isOwnValue('integer', value)
    case 'bytes':
      return value instanceof Uint8Array
    case 'any':
      return (
        ['boolean', 'bigint', 'string'].includes(typeof value) ||
        isOwnValue('number', value) ||
        isOwnValue('bytes', value)
      )
    default:
      return typeof value === 'string'
  }
}

const LONGEST_MS = 60_000

/** What is wrong with the declaration of an export; undefined where it is a function of one's own. */
export function declarationProblem(exported: unknown): string | undefined {
  if (typeof exported === 'function') return 'it is a bare function; export { arguments, result, examples, call }'
  if (typeof exported !== 'object' || exported === null) return 'it is not exported'
  const { arguments: types, result, pure, nullIn, timeout, examples, call } = exported as Partial<OwnFunction>
  const isType = (type: unknown): boolean => OWN_TYPES.includes(type as OwnType)
  const kinds = OWN_TYPES.join(', ')
  if (typeof call !== 'function') return '`call` must be a function'
  if (!Array.isArray(types) || types.length === 0 || !types.every(isType)) {
    return `\`arguments\` must be a list of types, one for each value: ${kinds}`
  }
  if (!isType(result)) return `\`result\` must be one of ${kinds}`
  if (pure !== undefined && typeof pure !== 'boolean') return '`pure` must be true or false'
  if (nullIn !== undefined && nullIn !== 'null' && nullIn !== 'call') return "`nullIn` must be 'null' or 'call'"
  if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= LONGEST_MS)) {
    return `\`timeout\` must be milliseconds from 1 to ${LONGEST_MS}`
  }
  if (!Array.isArray(examples) || examples.length === 0) return '`examples` must hold at least one example'
  const wrong = examples.findIndex(example => typeof example !== 'object' || example === null || !('in' in example))
  return wrong < 0 ? undefined : `example ${wrong + 1} has no \`in\``
}
