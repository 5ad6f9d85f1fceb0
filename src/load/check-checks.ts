import type { DocPath } from '../core/diagnostics.js'
import { CHECK_KINDS } from '../spec/check.js'
import { knownSource } from './check-from.js'
import type { Scope } from './shape.js'
import { list, record, text } from './shape.js'

/** Which keys of a check go together, and the source it asks. */
export function checkChecks(raw: unknown, path: DocPath, of: 'entity' | 'pipeline', scope: Scope): void {
  for (const [i, item] of list(raw).entries()) {
    const check = record(item)
    if (Object.keys(check).length > 0) checkOne(check, [...path, i], of, scope)
  }
}

function checkOne(check: Readonly<Record<string, unknown>>, path: DocPath, of: string, scope: Scope): void {
  const given = CHECK_KINDS.filter(kind => Object.hasOwn(check, kind))
  const [kind] = given
  if (kind === undefined) {
    scope.report('E104', path, 'a check needs a rule', `One of ${CHECK_KINDS.join(', ')}.`)
    return
  }
  for (const other of given.slice(1))
    scope.report('E215', [...path, other], `a check has one rule, and \`${kind}\` is one`, 'Make two checks of it.')
  if (kind !== 'sql' && Object.hasOwn(check, 'expect'))
    scope.report('E215', [...path, 'expect'], '`expect` is for `sql`', 'Remove it.')
  if (kind === 'sql' && Object.hasOwn(check, 'where'))
    scope.report('E215', [...path, 'where'], '`sql` has its own condition', 'Write it into the query.')
  if (of === 'pipeline') {
    if (kind === 'sql' && Object.hasOwn(check, 'table'))
      scope.report('E215', [...path, 'table'], '`sql` names its own tables', 'Remove it.')
    if (kind !== 'sql' && !Object.hasOwn(check, 'table'))
      scope.report('E104', path, `\`${kind}\` needs \`table\` here`, 'Or give the check to an entity.')
    if (record(check.row_count).equals === 'source')
      scope.report('E215', [...path, 'row_count', 'equals'], 'only entities have a source', 'Give the check to one.')
  }
  checkBounds(check, kind, path, scope)
  const on = text(check.on)
  if (on === 'source' && of === 'pipeline' && scope.sources.length !== 1 && !scope.sources.includes(on)) {
    scope.report(
      'E202',
      [...path, 'on'],
      'the file has several sources: which one is meant?',
      `${scope.sources.join(', ')}.`,
    )
  } else if (on !== undefined && on !== 'target' && on !== 'source')
    knownSource(on, [...path, 'on'], { ...scope, sources: [...scope.sources, 'source', 'target'] })
}

function checkBounds(check: Readonly<Record<string, unknown>>, kind: string, path: DocPath, scope: Scope): void {
  const { min, max, pattern } = record(check[kind])
  if (kind === 'range' && min === undefined && max === undefined)
    scope.report('E104', [...path, kind], '`range` needs `min`, `max` or both')
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    scope.report('E105', [...path, kind, 'max'], 'must be >= min')
  if (kind !== 'matches' || text(pattern) === undefined) return
  try {
    new RegExp(String(pattern), 'u')
  } catch {
    scope.report('E211', [...path, kind, 'pattern'], 'this is not a regular expression of JavaScript')
  }
}
