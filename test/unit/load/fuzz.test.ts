import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PipelineError } from '../../../src/core/errors.js'
import { formatDiagnostics } from '../../../src/load/code-frame.js'
import { loadPipeline } from '../../../src/load/load.js'
import { inFolder, VALID } from './pipeline-file.js'

const TEXT = `${VALID}      name: { from: [A, B], apply: [{ join: " " }, trim], map: m, default: "-" }
      ref: { from: P, ref: customers, on_missing: null }
      big: { expr: { ">": [{ var: N }, 10] } }
    defer: [ref]
    let: { n: { var: N } }
vars: { region: "\${REGION:-US}" }
maps: { m: { a: b, c: 1 } }
lookups: { l: { table: T, key: [A, B], value: V } }
profiles: { p: { vars: { region: EU } } }
`

const SCRAPS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '\n',
  '\t',
  '"',
  "'",
  '#',
  '&a ',
  '*a',
  '${',
  '!x ',
  '---\n',
  '|',
  'null',
  '7',
  '\u0000',
  '\ud800',
  '__proto__: ',
  '? ',
]

const mutation = fc.record({
  at: fc.nat({ max: TEXT.length }),
  remove: fc.nat({ max: 30 }),
  insert: fc.oneof(fc.constantFrom(...SCRAPS), fc.string({ maxLength: 8, unit: 'binary' }), fc.constant('')),
})

it('whatever is done to a file, loading gives a pipeline or its problems', async () => {
  await inFolder('', {}, async file => {
    const { writeFileSync } = await import('node:fs')
    let refused = 0
    const property = fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async mutations => {
      const text = mutations.reduce(
        (all, { at, remove, insert }) => all.slice(0, at) + insert + all.slice(at + remove),
        TEXT,
      )
      writeFileSync(file, text)
      try {
        await loadPipeline(file, { env: {}, profile: 'p' })
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        refused += 1
        expect(error.diagnostics.length).toBeGreaterThan(0)
        expect(formatDiagnostics(error)).toMatch(/ problems?\n$/)
        for (const { position } of error.diagnostics) {
          if (position === undefined) continue
          const lines = (error.text ?? '').split('\n')
          expect(position.line).toBeLessThanOrEqual(lines.length)
          expect(position.column).toBeLessThanOrEqual((lines[position.line - 1] ?? '').length + 2)
        }
      }
    })
    await fc.assert(property, { numRuns: 400, seed: 20_261_121 })
    expect(refused).toBeGreaterThan(100)
  })
}, 120_000)
