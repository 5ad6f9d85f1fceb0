import { describe, expect, it } from 'vitest'
import { HEAD, load, problems } from './pipeline-file.js'

/** An entity whose columns the file itself knows (A, B), with one `expr` on line 10. */
const withRule = (rule: string, more = '') =>
  `${HEAD}  codes:
    from: { rows: [{ A: 1, B: 2 }] }
    to: codes
    fields: { x: { expr: ${rule} } }
${more}vars: { region: US }
`

describe('an expression', () => {
  it.each([
    ['{ var: A }'],
    ['{ var: $vars.region }'],
    ['{ "+": [{ var: $run.started_at }, 1] }'],
    ['{ upper: [{ var: $entity }] }'],
    ['{ map: [[1, 2], { "+": [{ var: "" }, 1] }] }'],
  ])('is good: %s', async rule => {
    expect((await load(withRule(rule))).warnings).toEqual([])
  })

  it.each([
    ['{ var: C }', 'E206 10:33'],
    ['{ "==": [{ var: $vars.regoin }, 1] }', 'E206 10:42'],
    ['{ uper: [{ var: A }] }', 'E205 10:28'],
    ['{ "!=": [1] }', 'E211 10:'],
    ['{ trim: [1, 2, 3] }', 'E211 10:'],
  ])('is refused at its place: %s', async (rule, expected) => {
    const found = await problems(withRule(rule))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
  })

  it('may name what `let` computed above it, and nothing that comes later', async () => {
    expect((await load(withRule('{ var: n }', '    let: { n: { var: A }, m: { var: n } }\n'))).warnings).toEqual([])
    const found = await problems(withRule('{ var: n }', '    let: { m: { var: n }, n: { var: A } }\n'))
    expect(found).toEqual([expect.stringContaining('E206 11:22')])
  })

  it('is checked in `filter` too', async () => {
    expect(await problems(withRule('{ var: A }', '    filter: { var: C }\n'))).toEqual([
      expect.stringContaining('E206 11:20'),
    ])
  })

  it('may be nested, but not without end', async () => {
    const nested = (levels: number) => `${'{ "!": '.repeat(levels)}{ var: A }${' }'.repeat(levels)}`
    expect((await load(withRule(nested(40)))).warnings).toEqual([])
    const found = await problems(withRule(nested(100)))
    expect(found).toEqual([expect.stringMatching(/^E212 10:\d+ /)])
  })

  it('counts as used what only `--var` gives', async () => {
    const text = withRule('{ var: $vars.extra }')
    expect(await problems(text)).toHaveLength(1)
    expect((await load(text, { vars: { extra: 'x' } })).spec.vars).toEqual({ region: 'US', extra: 'x' })
  })
})
