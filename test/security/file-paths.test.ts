import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readServer } from '../../src/core/server.js'
import { findRecord, loadPipeline, PipelineError, planPipeline, startRun } from '../../src/index.js'
import { temporaryFolder, Workspace } from '../support/etl.js'

const OUTSIDE = temporaryFolder()
writeFileSync(join(OUTSIDE, 'secret.csv'), 'code,value\nA,private\n')

/** Everything that is no file of the folder, by the name a pipeline would give it. */
function traps(place: Workspace): readonly string[] {
  mkdirSync(place.path('data'))
  place.write('data/good.csv', 'code,value\nA,public\n')
  symlinkSync(join(OUTSIDE, 'secret.csv'), place.path('data/link.csv'))
  symlinkSync(OUTSIDE, place.path('data/folder'))
  symlinkSync('link.csv', place.path('data/twice.csv'))
  symlinkSync('loop.csv', place.path('data/loop.csv'))
  symlinkSync('/dev/zero', place.path('data/zero.csv'))
  execFileSync('mkfifo', [place.path('data/pipe.csv')])
  return [
    `../${OUTSIDE.split('/').pop()}/secret.csv`,
    join(OUTSIDE, 'secret.csv'),
    'data/../../secret.csv',
    'data/link.csv',
    'data/twice.csv',
    'data/folder/secret.csv',
    'data/loop.csv',
    'data/pipe.csv',
    'data/zero.csv',
    'data',
    '/dev/zero',
    '/dev/stdin',
    '/proc/self/environ',
    '/etc/passwd',
    '..',
    '.',
  ]
}

const problemsOf = async (work: Promise<unknown>): Promise<readonly string[]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof PipelineError) return error.diagnostics.map(({ code }) => code)
  return error === undefined ? [] : [(error as { code?: string }).code ?? String(error)]
}

describe('Paths of a file: inside the folders that it declares, whatever links, pipes and devices lie there', () => {
  test('files that are read', async () => {
    const place = new Workspace()
    for (const file of [...traps(place), 'data/good.csv']) {
      place.write(
        'pipeline.yaml',
        `version: 1
name: paths
sources: { old: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities: { a: { from: { file: ${JSON.stringify(file)} }, to: { table: a, create: if_missing }, rest: copy } }
`,
      )
      const found = await problemsOf(loadPipeline(place.path('pipeline.yaml')).then(pipeline => planPipeline(pipeline)))
      if (file === 'data/good.csv') expect(found).toEqual([])
      else expect([file, found]).toEqual([file, [expect.stringMatching(/^E(001|013|208)$/)]])
    }
  })

  test('map files, and the variables beside the pipeline', { timeout: 20_000 }, async () => {
    const place = new Workspace()
    const files = traps(place)
    execFileSync('mkfifo', [place.path('.env')])
    for (const file of [...files, 'data/good.csv']) {
      place.write(
        'pipeline.yaml',
        `version: 1
name: paths
maps: { m: ${JSON.stringify(file)} }
target: { type: sqlite, path: target.sqlite }
entities: { a: { from: { rows: [{ c: A }] }, to: a, fields: { v: { from: c, map: m } } } }
`,
      )
      const found = await problemsOf(loadPipeline(place.path('pipeline.yaml')))
      if (file === 'data/good.csv') expect(found).toEqual([])
      else expect([file, found]).toEqual([file, [expect.stringMatching(/^E(013|223)$/)]])
    }
  })

  test('a link that takes a file’s place after it was found, even of its size and time', async () => {
    const place = new Workspace()
    place.write('data/a.csv', 'code,value\nA,invited\n')
    place.write(
      'pipeline.yaml',
      `version: 1
name: paths
sources: { old: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities: { a: { from: { file: data/a.csv }, to: { table: a, create: if_missing }, rest: copy } }
`,
    )
    const pipeline = await loadPipeline(place.path('pipeline.yaml'))
    const { mtime, size } = statSync(place.path('data/a.csv'))
    expect(statSync(join(OUTSIDE, 'secret.csv')).size).toBe(size)
    const swap = { file: () => swapped(place, mtime), folder: () => swappedFolder(place, mtime) }
    for (const how of ['file', 'folder'] as const) {
      const run = await startRun(pipeline, {
        stateDir: place.path(`state-${how}`),
        onEvent: event => {
          if (event.type === 'run_started') swap[how]()
        },
      })
      const result = await run.result
      expect([how, result.status, result.error?.code]).toEqual([how, 'failed', expect.stringMatching(/^E(001|522)$/)])
      expect(place.rows('select count(*) from a where value = ?', 'private')).toEqual([[0]])
      rmSync(place.path('target.sqlite'))
      rmSync(place.path('data'), { recursive: true })
      place.write('data/a.csv', 'code,value\nA,invited\n')
      utimesSync(place.path('data/a.csv'), mtime, mtime)
    }
  })

  test('files that are written, named by whatever the file calls its tables', async () => {
    for (const table of ['../out', 'a/../../out', '/tmp/out', 'link/out', '..', '.', 'x\u0000y', '../../etc/passwd']) {
      const place = new Workspace()
      mkdirSync(place.path('out'))
      symlinkSync(OUTSIDE, place.path('out/link'))
      place.write(
        'pipeline.yaml',
        `version: 1
name: paths
target: { type: csv, path: out }
entities: { a: { from: { rows: [{ c: A }] }, to: { schema: ${JSON.stringify(table)}, table: "", create: if_missing }, fields: { c: c } } }
`.replace(/schema: (.*), table: ""/, 'table: $1'),
      )
      const found = await problemsOf(
        loadPipeline(place.path('pipeline.yaml')).then(async pipeline => (await startRun(pipeline)).result),
      )
      if (!['.', '..', '/tmp/out'].includes(table))
        expect([table, found]).toEqual([table, [expect.stringMatching(/^E/)]])
      expect(execFileSync('ls', [OUTSIDE]).toString()).toBe('secret.csv\n')
      expect(execFileSync('find', [place.dir, '-name', '*.csv']).toString()).not.toContain('../')
    }
  })

  test('databases and certificates that are pipes or devices', async () => {
    const place = new Workspace()
    execFileSync('mkfifo', [place.path('pipe')])
    for (const path of [place.path('pipe'), '/dev/zero', '/dev/stdin', place.dir]) {
      place.write(
        'pipeline.yaml',
        `version: 1
name: paths
sources: { old: { type: sqlite, path: ${JSON.stringify(path)} } }
target: { type: sqlite, path: target.sqlite }
entities: { a: { from: A, to: a, fields: { c: c } } }
`,
      )
      const pipeline = await loadPipeline(place.path('pipeline.yaml'))
      expect([path, await problemsOf(planPipeline(pipeline))]).toEqual([path, ['E303']])
      const config = { type: 'postgres', host: 'localhost', user: 'u', database: 'd', ssl_ca: path }
      expect(() => readServer(config, '/', { port: 1, protocols: ['postgres'] })).toThrow(
        'cannot read the certificates',
      )
    }
  })

  test('a run that is named by a path is no run', async () => {
    const place = new Workspace()
    mkdirSync(place.path('state/runs'), { recursive: true })
    place.write('outside/report.json', '{"format":1,"runId":"../../outside"}')
    for (const run of ['../../outside', '../../outside/', '/etc', '..', '.', '\u0000'])
      await expect(findRecord(place.path('state'), run)).rejects.toMatchObject({ code: 'E508' })
  })
})

function swapped(place: Workspace, mtime: Date): void {
  rmSync(place.path('data/a.csv'))
  symlinkSync(join(OUTSIDE, 'secret.csv'), place.path('data/a.csv'))
  utimesSync(join(OUTSIDE, 'secret.csv'), mtime, mtime)
}

function swappedFolder(place: Workspace, mtime: Date): void {
  renameSync(place.path('data'), place.path('before'))
  mkdirSync(place.path('elsewhere'))
  place.write('elsewhere/a.csv', 'code,value\nA,private\n')
  utimesSync(place.path('elsewhere/a.csv'), mtime, mtime)
  symlinkSync(place.path('elsewhere'), place.path('data'))
}
