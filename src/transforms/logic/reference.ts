import { createRequire } from 'node:module'
import type { Value } from '../../core/row.js'
import { bindFunction } from '../bind.js'
import { functions } from '../registry.js'
import { splitOperands } from './call.js'
import type { Compilation, Evaluate } from './compile.js'
import { argument } from './compile.js'
import { ITEM_OPERATORS, isCall, operandsOf, operatorOf, STANDARD } from './rule.js'
import type { RowScope } from './scope.js'
import { operand, rowObject } from './scope.js'

interface Interpreter {
  apply(rule: unknown, data: unknown): unknown
  add_operation(name: string, run: (this: unknown, ...args: unknown[]) => unknown): void
}

let own: Interpreter | undefined
let count = 0

/** An interpreter of our own: operations are global to a module instance, so this one is loaded afresh. */
function ownInterpreter(): Interpreter {
  if (own !== undefined) return own
  const require = createRequire(import.meta.url)
  const path = require.resolve('json-logic-js')
  const cached = require.cache[path]
  delete require.cache[path]
  const fresh = require(path) as Interpreter
  if (cached === undefined) delete require.cache[path]
  else require.cache[path] = cached
  // json-logic-js writes to the console here.
  fresh.add_operation('log', value => value)
  own = fresh
  return fresh
}

/**
 * The rule run by json-logic-js itself, to compare with the compiled form. Function calls, constants and column names
 * with dots are rewritten into operations of their own, because json-logic-js does not know them.
 */
export function interpretRule(rule: unknown, row: RowScope, compilation: Compilation): Evaluate {
  const interpreter = ownInterpreter()
  const operation = (run: (this: unknown, ...args: unknown[]) => unknown, operands: readonly unknown[]): unknown => {
    const name = `#${count++}`
    interpreter.add_operation(name, run)
    return { [name]: operands }
  }
  const rewrite = (part: unknown, scope: RowScope | undefined): unknown => {
    if (Array.isArray(part)) return part.map(item => rewrite(item, scope))
    if (!isCall(part)) return part
    const operator = operatorOf(part)
    const operands = operandsOf(part)
    const [name] = operands
    if (operator === 'var' && scope !== undefined && typeof name === 'string') {
      const slot = scope.slots.get(name)
      if (slot !== undefined && name.includes('.'))
        return operation(function () {
          return (this as Record<string, unknown>)[name]
        }, [])
      const constant = slot === undefined ? scope.constants.get(name) : undefined
      if (constant !== undefined) return operation(() => operand(constant), [])
    }
    if (STANDARD.has(operator))
      return {
        [operator]: operands.map((item, i) =>
          rewrite(item, ITEM_OPERATORS.has(operator) && i === 1 ? undefined : scope),
        ),
      }
    const fn = functions.get(operator)
    if (fn === undefined) return part
    const call = splitOperands(fn, operands, constant => {
      const value = compilation.constants.get(constant)
      return value === undefined ? undefined : { value }
    })
    if (typeof call === 'string') return part
    const run = bindFunction(fn, call.params, compilation.context)
    return operation(
      (...values): Value => run((fn.values.max === 1 ? values : values.flat()).map(argument)),
      call.values.map(item => rewrite(item, scope)),
    )
  }
  const rewritten = rewrite(rule, row)
  return frame => interpreter.apply(rewritten, rowObject(row, frame as readonly unknown[]))
}
