import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { jsonText } from '../json-text.js'

/**
 * The result of an expression as a value. NaN, ±Infinity, undefined, lists, objects and text that an object turned
 * into are no values: E414. With `json`, lists and objects become JSON text.
 */
export function usable(value: unknown, options: { readonly json?: boolean } = {}): Value {
  switch (typeof value) {
    case 'string':
      if (value.includes('[object Object]')) throw new RowError('E414', 'an object was used as text')
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw new RowError('E414', Number.isNaN(value) ? 'the result is not a number' : 'the result is infinite')
    case 'boolean':
    case 'bigint':
      return value
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return value
      if (options.json === true) return jsonText(value)
      throw new RowError('E414', `the result is ${Array.isArray(value) ? 'a list' : 'an object'}, not a value`)
    default:
      throw new RowError('E414', 'there is no result')
  }
}
