import { expect, it } from 'vitest'
import { load, problems, VALID } from './pipeline-file.js'

/** The problems of one check of the entity, on line 13. */
const ofEntity = (check: string) => problems(`${VALID}    checks:\n      - ${check}\n`)

it.each([
  ['{ name: x }', 'E104 13:9 a check needs a rule'],
  ['{ unique: a, not_null: a }', 'E215 13:22 a check has one rule, and `unique` is one'],
  ['{ unique: a, expect: 1 }', 'E215 13:22 `expect` is for `sql`'],
  ['{ sql: select 1, where: a }', 'E215 13:26 `sql` has its own condition'],
  ['{ unique: a, table: t }', 'E101 13:22 "table" is not a key of this item of `checks`'],
  ['{ unique: a, on: crn }', 'E202 13:26 no source is called "crn"'],
  ['{ range: { column: a } }', 'E104 13:11 `range` needs `min`, `max` or both'],
  ['{ range: { column: a, min: 2, max: 1 } }', 'E105 13:44 must be >= min'],
  ['{ matches: { column: a, pattern: "(" } }', 'E211 13:42 this is not a regular expression of JavaScript'],
])('%s', async (check, expected) => {
  expect(await ofEntity(check)).toEqual([expected])
})

it('a check of the file says which table it is for', async () => {
  const file = VALID.replace('entities:', 'checks: [{ unique: a }, { sql: select 1, table: t }]\nentities:')
  expect(await problems(file)).toEqual([
    'E104 6:10 `unique` needs `table` here',
    'E215 6:42 `sql` names its own tables',
  ])
})

it('writes out when a rule is looked at', async () => {
  const checks = '[{ unique: a }, { unique: a, on: source }, { unique: a, when: both, severity: info }]'
  const { spec } = await load(`${VALID}    checks: ${checks}\n`)
  expect(spec.entities[0]?.checks.map(({ on, phases, severity }) => [on, phases, severity])).toEqual([
    ['target', ['after'], 'error'],
    ['source', ['before'], 'error'],
    ['target', ['before', 'after'], 'info'],
  ])
})
