import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline, PipelineError } from '../../src/index.js'
import { temporaryFolder, Workspace } from '../support/etl.js'

const OUTSIDE = temporaryFolder()
writeFileSync(
  join(OUTSIDE, 'evil.mjs'),
  `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(join(OUTSIDE, 'ran'))}, '')\n`,
)

const FUNCTION = `export const f = { arguments: ['any'], result: 'text', examples: [{ in: 'a', out: 'A' }], call: () => 'A' }\n`

async function problems(module: string, reference = './f.mjs#f', allowCode = true): Promise<readonly string[]> {
  const place = new Workspace()
  execFileSync('mkfifo', [place.path('pipe.mjs')])
  place.write('f.mjs', module)
  place.write(
    'pipeline.yaml',
    `version: 1
name: own
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { a: { from: A, to: a, fields: { c: { from: c, apply: [{ module: ${JSON.stringify(reference)} }] } } } }
`,
  )
  try {
    await loadPipeline(place.path('pipeline.yaml'), { env: {}, allowCode })
    return []
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return error.diagnostics.map(({ code }) => code)
  }
}

describe('Code of the user’s own: only where it is allowed, and only from the folder', () => {
  test.each([
    `import '${OUTSIDE}/evil.mjs'`,
    `import "file://${OUTSIDE}/evil.mjs"`,
    `import * as x from '${OUTSIDE}/evil.mjs'`,
    `export * from '${OUTSIDE}/evil.mjs'`,
    `await import(\`${OUTSIDE}/evil.mjs\`)`,
    `import '../../../../../../..${OUTSIDE}/evil.mjs'`,
  ])('%s is not run', async line => {
    expect(await problems(`${line}\n${FUNCTION}`)).toEqual(['E013'])
    expect(existsSync(join(OUTSIDE, 'ran'))).toBe(false)
  })

  test('without the option nothing is read, whatever it is', async () => {
    for (const reference of ['./f.mjs#f', `${OUTSIDE}/evil.mjs#f`, './pipe.mjs#f'])
      expect(await problems(`import '${OUTSIDE}/evil.mjs'\n${FUNCTION}`, reference, false)).toEqual(['E229'])
    expect(existsSync(join(OUTSIDE, 'ran'))).toBe(false)
  })

  test('what is no module', async () => {
    expect(await problems(FUNCTION)).toEqual([])
    expect(await problems(FUNCTION, './pipe.mjs#f')).toEqual(['E231'])
    expect(await problems(FUNCTION, '/dev/zero.mjs#f')).toEqual([expect.stringMatching(/^E(013|231)$/)])
    for (const name of ['__proto__', 'constructor', 'default.constructor', 'then'])
      expect(await problems(FUNCTION, `./f.mjs#${name}`)).toEqual([expect.stringMatching(/^E(103|231)$/)])
  })
})
