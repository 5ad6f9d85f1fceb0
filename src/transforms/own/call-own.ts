import { createContext, Script } from 'node:vm'
import { RowError } from '../../core/errors.js'
import type { OwnFunction } from '../../core/own-function.js'
import { keyText, type Value } from '../../core/row.js'
import { isWithinTime } from '../../core/time-limit.js'
import { isOwnValue } from './own-types.js'

const TIMEOUT_MS = 5000
/** Values of a pure function whose results are remembered: a watched call takes a while, and codes repeat. */
const REMEMBERED = 10_000

/**
 * The function, guarded: its arguments and its result are of the types that it declares, and it ends in time. Throws
 * {@link RowError} E413 that names the function and never a value, nor what the function threw, which may hold one.
 */
export function guardOwn(name: string, fn: OwnFunction): (values: readonly Value[]) => Value {
  const watched = watch(name, fn)
  const known = new Map<string, Value>()
  return values => {
    if (fn.nullIn !== 'call' && values.includes(null)) return null
    checkArguments(name, fn, values)
    if (fn.pure === false || values.some(value => typeof value === 'object' && value !== null)) return watched(values)
    const key = values.map(value => `${typeof value} ${keyText([value])}`).join('\u0000')
    const before = known.get(key)
    if (before !== undefined) return before
    const result = watched(values)
    if (known.size >= REMEMBERED) known.clear()
    known.set(key, result)
    return result
  }
}

function checkArguments(name: string, fn: OwnFunction, values: readonly Value[]): void {
  if (values.length !== fn.arguments.length)
    throw new RowError('E413', `${name} takes ${fn.arguments.length} values, not ${values.length}`)
  for (const [i, value] of values.entries()) {
    const type = fn.arguments[i] ?? 'any'
    if (value !== null && !isOwnValue(type, value)) throw new RowError('E413', `${name}: value ${i + 1} is not ${type}`)
  }
}

/** Milliseconds that one call of it may take. */
export function timeoutOf({ timeout = TIMEOUT_MS }: OwnFunction): number {
  return timeout
}

/** A synchronous call can only be ended from outside of it, which is what the script's time limit does. */
function watch(name: string, fn: OwnFunction): (values: readonly Value[]) => Value {
  const timeout = timeoutOf(fn)
  let values: readonly Value[] = []
  const call = (): unknown => (fn.call as (...given: readonly Value[]) => unknown)(...values)
  const context = createContext({ call })
  const script = new Script('call()')
  const once = (): unknown => (isWithinTime(timeout) ? call() : script.runInContext(context, { timeout }))
  return given => {
    values = given
    let result: unknown
    try {
      try {
        result = once()
      } catch (error) {
        // The clock goes on while a busy machine lets nothing run; a call that really hangs hangs again.
        if (!isTimeout(error)) throw error
        result = once()
      }
    } catch (error) {
      if (isTimeout(error)) throw new RowError('E413', `${name} did not end within ${timeout} ms`)
      throw new RowError('E413', `${name} threw ${nameOf(error)}`)
    }
    return checkedResult(name, fn, result)
  }
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

/** What it threw says may hold a value of the row. */
function nameOf(error: unknown): string {
  const name: unknown = typeof error === 'object' && error !== null ? error.constructor.name : typeof error
  return typeof name === 'string' && /^[A-Za-z]\w*$/.test(name) ? name : 'something'
}

function checkedResult(name: string, fn: OwnFunction, result: unknown): Value {
  if (result === null) return null
  if (result === undefined) throw new RowError('E413', `${name} gave nothing; null is the value for that`)
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new RowError('E413', `${name} gave a promise; functions of rows are synchronous`)
  }
  if (!isOwnValue(fn.result, result)) throw new RowError('E413', `${name} gave something that is not ${fn.result}`)
  return result instanceof Uint8Array ? Buffer.from(result) : (result as Value)
}
