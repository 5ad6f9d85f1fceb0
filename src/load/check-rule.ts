import { MEMBER, ROW_NUMBER } from '../core/catalog.js'
import type { DocPath } from '../core/diagnostics.js'
import { suggestion } from './diagnostics.js'
import type { Scope } from './shape.js'

type Report = Scope['report']
type Checker = typeof import('../transforms/expression.js').checkExpression

/** Checks JSON Logic rules: operators, arity and depth by the compiler, names as far as they are known. */
export function ruleChecker(
  check: Checker,
  constants: ReadonlySet<string>,
  values: ReadonlyMap<string, unknown>,
  report: Report,
): Scope['checkRule'] {
  return (rule, names, path) => {
    const all = names === undefined ? undefined : new Set([...names, ...constants])
    const problems = check(rule, { constants: values, ...(all === undefined ? {} : { names: all }) })
    for (const problem of problems) report(problem.code, [...path, ...problem.path], problem.message, problem.hint)
    if (problems.some(problem => problem.code === 'E212')) return
    const told = new Set(problems.map(problem => problem.path.join('/')))
    for (const found of constantsIn(rule)) {
      const spot = found.path.join('/')
      // Whether the rows have a number or a member is known with their source.
      if (
        constants.has(found.name) ||
        found.name === ROW_NUMBER ||
        found.name === MEMBER ||
        [...told].some(place => place !== '' && spot.startsWith(place))
      )
        continue
      report(
        'E206',
        [...path, ...found.path],
        `nothing is called "${found.name}"`,
        suggestion(found.name, [...constants]),
      )
    }
  }
}

/** Every `{ var: $… }` of a rule. Depth is bounded by the document's. */
function* constantsIn(rule: unknown, path: DocPath = []): Generator<{ name: string; path: DocPath }> {
  if (typeof rule !== 'object' || rule === null) return
  for (const [key, value] of Object.entries(rule)) {
    const step = Array.isArray(rule) ? Number(key) : key
    const name = key === 'var' && Array.isArray(value) ? value[0] : value
    if (key === 'var' && typeof name === 'string' && name.startsWith('$')) {
      yield { name, path: Array.isArray(value) ? [...path, 'var', 0] : [...path, 'var'] }
    } else yield* constantsIn(value, [...path, step])
  }
}
