import type { Value } from '../core/row.js'
import { ERROR_NAMES } from '../spec/mapping-test.js'
import type { MappingTestSpec } from '../spec/model.js'
import { closest } from '../transforms/suggest.js'
import { optional } from './expand-parts.js'
import type { Scope } from './shape.js'
import { list, listed, record, text } from './shape.js'

const OUTCOMES = ['expect', 'expect_error', 'expect_filtered'] as const

/** What the tests of a file name must be there, and each says one thing that it expects. */
export function checkMappingTests(raw: unknown, scope: Scope): void {
  for (const [i, item] of list(raw).entries()) {
    const test = record(item)
    const path = ['tests', i]
    const said = OUTCOMES.filter(key => Object.hasOwn(test, key))
    if (said.length === 0 && Object.keys(test).length > 0)
      scope.report('E104', path, 'the test expects nothing', `One of ${listed(OUTCOMES)}.`)
    for (const other of said.slice(1))
      scope.report(
        'E215',
        [...path, other],
        `a test expects one thing, and \`${said[0]}\` is one`,
        'Make two tests of it.',
      )
    known('entity', text(test.entity), Object.keys(scope.entities), [...path, 'entity'], scope)
    for (const name of Object.keys(record(test.lookups)))
      known('look-up', name, Object.keys(scope.lookups), [...path, 'lookups', name], scope)
    for (const name of Object.keys(record(test.refs)))
      known('entity', name, Object.keys(scope.entities), [...path, 'refs', name], scope)
  }
}

function known(
  what: 'entity' | 'look-up',
  name: string | undefined,
  names: readonly string[],
  path: readonly (string | number)[],
  scope: Scope,
): void {
  if (name === undefined || names.includes(name)) return
  const near = closest(name, names)
  const hint = near === undefined ? `There are: ${listed(names)}.` : `Did you mean ${near}?`
  scope.report(what === 'entity' ? 'E201' : 'E204', path, `there is no ${what} "${name}"`, hint)
}

export function expandMappingTests(raw: unknown): MappingTestSpec[] {
  return list(raw).map((item, i) => {
    const test = record(item)
    const entity = String(test.entity)
    const { field, code } = record(test.expect_error) as { field?: string; code?: string }
    return {
      entity,
      name: String(test.name ?? `${entity} ${i + 1}`),
      given: values(test.given),
      lookups: tables(test.lookups),
      refs: tables(test.refs),
      ...(test.expect === undefined ? {} : { expect: record(test.expect) }),
      ...(test.expect_error === undefined
        ? {}
        : {
            expectError: {
              ...optional('field', field),
              ...optional(
                'code',
                code === undefined ? undefined : (ERROR_NAMES[code as keyof typeof ERROR_NAMES] ?? code),
              ),
            },
          }),
      expectFiltered: test.expect_filtered === true,
      path: ['tests', i],
    }
  })
}

function tables(raw: unknown): MappingTestSpec['lookups'] {
  return Object.fromEntries(Object.entries(record(raw)).map(([name, table]) => [name, values(table)]))
}

/** A structure stands for its JSON text, as it does in a source. */
function values(raw: unknown): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(record(raw)).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Value),
    ]),
  )
}
