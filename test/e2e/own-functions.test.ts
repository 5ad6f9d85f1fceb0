import { appendFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { loadPipeline, PipelineError, runMappingTests } from '../../src/index.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, runEtl, sqliteExec, Workspace } from '../support/etl.js'

const servers: TestSchema[] = []
afterAll(async () => {
  for (const server of servers) await server.drop()
})

const MODULE = `
import { appendFileSync } from 'node:fs'
import { strip } from './lib/strip.mjs'
appendFileSync(new URL('./loaded', import.meta.url), 'x')
export const plate = {
  arguments: ['text'],
  result: 'text',
  timeout: 100,
  examples: [{ in: 'ab 12', out: 'AB12' }, { in: '?', error: true }],
  call: text => {
    if (text === '?') throw new TypeError('TOP SECRET ' + text)
    if (text === 'loop') for (;;) {}
    if (text === 'number') return 1
    return strip(text).toUpperCase()
  },
}
export const next = { arguments: ['integer'], result: 'integer', examples: [{ in: 1, out: 2 }], call: n => n + 1 }
export const dice = { arguments: ['any'], result: 'number', pure: false, examples: [{ in: 1, out: 1 }], call: () => Math.random() }
`
const PIPELINE = `
version: 1
name: own
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  cars:
    from: CAR
    to: { table: cars, create: if_missing }
    let: { next: { module: [{ var: ID }, { function: ./functions.mjs#next }] } }
    filter: { "!=": [{ module: [{ var: ID }, { function: ./functions.mjs#next }] }, 7] }
    fields:
      id: ID
      next: { from: next, type: int32 }
      plate: { from: PLATE, apply: [trim, { module: ./functions.mjs#plate }], type: text }
tests:
  - { entity: cars, given: { ID: 1, PLATE: " x 1 " }, expect: { next: 2, plate: X1 } }
`

function place(pipeline = PIPELINE, module = MODULE): Workspace {
  const workspace = new Workspace()
  workspace.write('pipeline.yaml', pipeline)
  workspace.write('functions.mjs', module)
  workspace.write('lib/strip.mjs', "export const strip = text => text.replaceAll(' ', '')\n")
  workspace.source(`create table CAR (ID integer primary key, PLATE text);
    insert into CAR values (1, 'ab 1'), (2, '?'), (3, 'loop'), (4, null), (5, 'number'), (6, 'filtered')`)
  return workspace
}

/** The problems of a file, as code and message. */
async function problemsOf(workspace: Workspace, allowCode = true): Promise<string[]> {
  try {
    await loadPipeline(workspace.path('pipeline.yaml'), { env: {}, allowCode })
    return []
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return error.diagnostics.map(({ code, message, position }) => `${position?.line} ${code} ${message}`)
  }
}

test('without --allow-code nothing is imported, and each use is told with its place', async () => {
  const own = place()
  expect(await problemsOf(own, false)).toEqual([
    "11 E229 ./functions.mjs#next is code, and code of the file's folder runs only when asked for",
    "15 E229 ./functions.mjs#plate is code, and code of the file's folder runs only when asked for",
  ])
  expect(existsSync(own.path('loaded'))).toBe(false)
  const run = await own.run()
  expect([run.code, run.stderr]).toEqual([
    2,
    expect.stringContaining('hint  read ./functions.mjs, then add --allow-code'),
  ])
})

test('apply, let, filter and mapping tests; errors and endless calls are errors of the row, without its values', async () => {
  const own = place()
  const pipeline = await loadPipeline(own.path('pipeline.yaml'), { env: {}, allowCode: true })
  expect((await runMappingTests(pipeline)).tests.map(({ ok }) => ok)).toEqual([true])
  const run = await own.run('--allow-code', '--json')
  expect(run.code, run.stderr).toBe(3)
  const result = resultOf(run.stdout)
  expect(countsOf(result)).toEqual({ cars: '6 read, 2 written, 0 skipped, 1 filtered, 3 quarantined' })
  expect(own.rows('select id, next, plate from cars order by id')).toEqual([
    [1, 2, 'AB1'],
    [4, 5, null],
  ])
  expect(result.entities[0]?.rejects.map(({ code, field, message }) => [code, field, message]).toSorted()).toEqual([
    ['E413', 'plate', 'module: ./functions.mjs#plate did not end within 100 ms'],
    ['E413', 'plate', 'module: ./functions.mjs#plate gave something that is not text'],
    ['E413', 'plate', 'module: ./functions.mjs#plate threw TypeError'],
  ])
  expect(run.stdout + run.stderr).not.toContain('TOP SECRET')
  const verify = await own.etl('verify', '--allow-code')
  expect([verify.code, verify.stdout]).toEqual([0, expect.stringContaining('VERIFIED')])
}, 60_000)

test('its code is in the fingerprint: a run that was stopped is not resumed with other code, also of what it imports', async () => {
  const own = place(PIPELINE.replace('from: CAR', 'from: CAR\n    batch_size: 1'))
  const stopped = await runEtl(['run', 'pipeline.yaml', '--yes', '--allow-code'], {
    cwd: own.dir,
    env: { ETL_FAILPOINTS: 'after-commit:kill@2' },
  })
  expect(stopped.code).not.toBe(0)
  appendFileSync(own.path('lib/strip.mjs'), '// changed\n')
  const refused = await own.run('--allow-code', '--resume')
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('E506')])
  expect(refused.stderr).toContain('files.lib/strip.mjs')
}, 60_000)

test('what is not pure is not verifiable', async () => {
  const own = place(
    PIPELINE.replace(/tests:[\s\S]*/, '').replace(
      'type: text }',
      'type: text, on_invalid: null }\n      luck: { from: ID, apply: [{ module: ./functions.mjs#dice }], type: float64 }',
    ),
  )
  expect((await own.run('--allow-code')).code).toBe(0)
  const verify = await own.etl('verify', '--allow-code')
  expect(verify.stdout).toContain('NOT VERIFIABLE')
  expect(verify.stdout).toContain('luck: ./functions.mjs#dice gives another value each time')
}, 60_000)

test('a module elsewhere, a wrong declaration and an example that fails are problems of the file', async () => {
  const one = async (module: string, reference = './functions.mjs#plate'): Promise<string | undefined> => {
    const own = place(PIPELINE.replaceAll(/\.\/functions\.mjs#(?:next|plate)/g, reference), module)
    return (await problemsOf(own))[0]?.replace(/^\d+ /, '')
  }
  const fn = (more: string): string =>
    `export const plate = { arguments: ['any'], result: 'text', examples: [{ in: 'a', out: 'A' }], call: v => 'A', ${more} }`
  expect(await one(fn(''))).toBeUndefined()
  expect(await one(fn("examples: [{ in: 'a', out: 'B' }]"))).toBe(
    'E231 ./functions.mjs#plate: example 1 gives another result than it says',
  )
  expect(await one(fn("examples: [{ in: 'a', error: true }]"))).toBe(
    'E231 ./functions.mjs#plate: example 1 gives a result, and it says that it fails',
  )
  expect(await one(fn('examples: []'))).toBe('E231 ./functions.mjs#plate: `examples` must hold at least one example')
  expect(await one(fn('call: async () => 1'))).toBe(
    'E231 ./functions.mjs#plate: example 1 fails: it gave a promise; functions of rows are synchronous',
  )
  expect(await one(fn("result: 'words'"))).toContain('`result` must be one of any, boolean')
  expect(await one('export const plate = v => v')).toBe(
    'E231 ./functions.mjs#plate: it is a bare function; export { arguments, result, examples, call }',
  )
  expect(await one('export const other = 1')).toBe('E231 ./functions.mjs#plate: it is not exported')
  expect(await one('export const plate = {')).toContain('E231 ./functions.mjs#plate: the module cannot be imported:')
  expect(await one('', './none.mjs#plate')).toBe('E231 ./none.mjs#plate: there is no such file')
  expect(await one('', './functions.mjs')).toBe('E231 ./functions.mjs: this names no function of a module')
  expect(await one('', '../functions.mjs#plate')).toBe(
    'E013 ../functions.mjs#plate lies outside the folder of the pipeline',
  )
  expect(await one("import '../away.mjs'")).toBe('E013 ./functions.mjs#plate lies outside the folder of the pipeline')

  const elsewhere = place()
  const own = place(PIPELINE.replaceAll('./functions.mjs', './link/functions.mjs'))
  symlinkSync(elsewhere.dir, own.path('link'))
  expect((await problemsOf(own))[0]).toContain('E013 ./link/functions.mjs#next lies outside')
})

test.each([
  { chunks: 1, threads: 1 },
  // Two chunks at a time: a thread is kept for the next one.
  { chunks: 6, threads: 2 },
])(
  'threads that read large tables have the functions too: $chunks chunks',
  async ({ chunks, threads }) => {
    const server = await postgres.create('own')
    servers.push(server)
    const own = place(`
version: 1
name: own
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${TARGET_URL}" }
entities:
  cars:
    from: CAR
    to: { table: cars, create: if_missing }
    chunks: ${chunks}
    fields: { id: ID, plate: { from: PLATE, apply: [{ module: ./functions.mjs#plate }], type: text } }
`)
    sqliteExec(
      own.path('source.sqlite'),
      `delete from CAR; insert into CAR with recursive n(i) as (select 1 union all select i + 1 from n where i < 21000)
      select i, 'a ' || (i % 50) from n; analyze`,
    )
    const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--allow-code', '--json'], {
      cwd: own.dir,
      env: { TARGET_URL: String(server.config.url) },
    })
    expect(run.code, run.stderr).toBe(0)
    expect(await server.rows('select count(*), count(distinct plate), min(plate) from cars')).toEqual([
      ['21000', '50', 'A0'],
    ])
    // The main thread has loaded it, and each of the others once.
    expect(readFileSync(own.path('loaded'), 'utf8')).toHaveLength(1 + threads)
  },
  60_000,
)
