import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI, eventsOf, resultOf, runEtl, startEtl, startProcess } from '../support/etl.js'
import { differences, makeShop, one } from './shop.js'

test('a run off a terminal: lines on stderr, the summary on stdout, exit code 0', async () => {
  const shop = makeShop(2000)
  const { code, stdout, stderr } = await runEtl(['run'], { cwd: shop.dir })
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^ ✔ shop {2}finished {3}run \w+\n/)
  expect(stdout).toMatch(/^ ✔ {2}orders +2,000 +2,000 /m)
  expect(stderr).toMatch(/^\d\d:\d\d:\d\d ✔ orders {2}done in .*2,000 read, 2,000 written$/m)
  expect(`${stdout}${stderr}`).not.toContain('\u001b')
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
})

test('quarantined rows give exit code 3 and the path of their file', async () => {
  const shop = makeShop(100, { dirtyRows: 7 })
  const { code, stdout } = await runEtl(['run', '--progress', 'none'], { cwd: shop.dir })
  expect(code).toBe(3)
  expect(stdout).toContain(' ⚠ shop  finished, 7 rows quarantined')
  const path = /quarantine {2}(\S+) \(7 rows\)/.exec(stdout)?.[1] ?? ''
  expect(readFileSync(join(shop.dir, path), 'utf8').trim().split('\n')).toHaveLength(7)
})

test('--json: events, the result last, nothing else on stdout', async () => {
  const shop = makeShop(100)
  const { code, stdout, stderr } = await runEtl(['run', '--json'], { cwd: shop.dir })
  expect([code, stderr]).toEqual([0, ''])
  const types = eventsOf(stdout).map(event => event.type)
  expect([types[0], types.at(-2), types.at(-1)]).toEqual(['run_started', 'run_finished', 'result'])
  expect(resultOf(stdout)).toMatchObject({ status: 'ok', exitCode: 0, counts: { read: 200, written: 200 } })
})

test('--json of a run that could not begin is a result too', async () => {
  const shop = makeShop(1)
  const { code, stdout } = await runEtl(['run', 'missing.yaml', '--json'], { cwd: shop.dir })
  expect(code).toBe(2)
  expect(resultOf(stdout)).toMatchObject({ status: 'failed', exitCode: 2, error: { code: 'E001' } })
})

test('rows that are there already need --yes where nobody can be asked', async () => {
  const shop = makeShop(10)
  expect((await runEtl(['run', '--quiet'], { cwd: shop.dir })).code).toBe(0)
  const refused = await runEtl(['run'], { cwd: shop.dir })
  expect([refused.code, refused.stdout]).toEqual([2, ''])
  expect(refused.stderr).toContain('✖ E514 confirmation needed')
  expect(refused.stderr).toContain('writes orders (insert) to orders, which holds rows already')
  expect(refused.stderr).toContain('  hint   add --yes where this is meant')
  const accepted = await runEtl(['run', '--yes', '--quiet'], { cwd: shop.dir })
  expect([accepted.code, accepted.stdout]).toEqual([1, ''])
  expect(accepted.stderr).toContain('E529')
})

test('a dry run shows rows, writes none and asks nothing', async () => {
  const shop = makeShop(10, { dirtyRows: 2 })
  const { code, stdout } = await runEtl(['run', '--dry-run'], { cwd: shop.dir })
  expect(code).toBe(3)
  expect(stdout).toContain(' DRY RUN  every row read, transformed and checked; nothing written')
  expect(stdout).toMatch(/^ orders {3}ORDERS → orders {3}10 read · 8 ok · 2 rejected$/m)
  expect(stdout).toMatch(/^ {3}name +" customer 1 " +"customer 1"$/m)
  expect(stdout).toMatch(/^ {3}next +etl run etl\.yaml$/m)
  expect(one(shop.target, 'select count(*) as n from orders')).toEqual({ n: 0 })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s finishes the batch and exits with %i; --resume loads the rest', async (signal, code) => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const run = startEtl(['run', '--json'], { cwd: shop.dir })
  await new Promise<void>(resolve => {
    run.child.stdout?.on('data', (text: string) => {
      if (text.includes('"entity":"orders"') && text.includes('"type":"batch"')) resolve()
    })
  })
  run.child.kill(signal)
  const stopped = await run.result
  expect(stopped.code).toBe(code)
  expect(resultOf(stopped.stdout)).toMatchObject({ status: 'interrupted', exitCode: code })
  const resumed = await runEtl(['run', '--resume', '--batch-size', '5000'], { cwd: shop.dir })
  expect(resumed.code, resumed.stderr).toBe(0)
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
})

test('SIGHUP does not stop a run, nor does a reader that goes away', async () => {
  const shop = makeShop(5000, { batchSize: 50 })
  const run = startEtl(['run', '--json'], { cwd: shop.dir })
  await new Promise(resolve => run.child.stdout?.once('data', resolve))
  run.child.stdout?.destroy()
  run.child.kill('SIGHUP')
  expect((await run.result).code).toBe(0)
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
})

test('the log file has the lines with the time, whatever is shown', async () => {
  const shop = makeShop(100)
  expect((await runEtl(['run', '--quiet', '--log-file', 'run.log'], { cwd: shop.dir })).code).toBe(0)
  const log = readFileSync(join(shop.dir, 'run.log'), 'utf8')
  expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z ✔ orders {2}done in .*100 read, 100 written$/m)
})

test('plan, check, graph and validate', async () => {
  const { dir } = makeShop(10)
  const plan = await runEtl(['plan', '-o', 'x.plan.json'], { cwd: dir })
  expect([plan.code, plan.stdout]).toEqual([0, ''])
  expect(JSON.parse(readFileSync(join(dir, 'x.plan.json'), 'utf8'))).toMatchObject({ format: 1, pipeline: 'shop' })
  const json = await runEtl(['plan', '--json'], { cwd: dir })
  expect(JSON.parse(json.stdout)).toMatchObject({ format: 1, pipeline: 'shop' })
  expect((await runEtl(['plan'], { cwd: dir })).stdout).toContain('orders')
  const check = await runEtl(['check'], { cwd: dir })
  expect([check.code, check.stdout.endsWith(' ✔ ready to run\n')]).toEqual([0, true])
  expect((await runEtl(['graph', '--format', 'mermaid'], { cwd: dir })).stdout).toMatch(/^flowchart LR\n/)
  expect((await runEtl(['validate'], { cwd: dir })).stdout).toBe('✔ etl.yaml is valid: 2 entities\n')
})

test('an invalid file: every problem, exit code 2, nothing on stdout; as JSON with --json', async () => {
  const { dir } = makeShop(1)
  const text = readFileSync(join(dir, 'etl.yaml'), 'utf8')
  writeFileSync(
    join(dir, 'etl.yaml'),
    text.replace('to: orders', 'to: orders\n    load: upsrt').replace('[trim]', '[trmi]'),
  )
  const { code, stdout, stderr } = await runEtl(['validate'], { cwd: dir })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('E103')
  expect(stderr).not.toContain('    at ')
  const json = await runEtl(['validate', '--json'], { cwd: dir })
  expect(json.code).toBe(2)
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, file: 'etl.yaml' })
})

test('validate loads no driver and no screen', async () => {
  const { dir } = makeShop(1)
  const hooks = `export async function resolve(name, context, next) {
    const found = await next(name, context)
    process._rawDebug('loaded ' + found.url)
    return found
  }`
  writeFileSync(join(dir, 'hooks.mjs'), hooks)
  writeFileSync(
    join(dir, 'preload.mjs'),
    "import { register } from 'node:module'; register(new URL('hooks.mjs', import.meta.url))",
  )
  const watched = ['--import', './preload.mjs', CLI, 'validate']
  const { code, stderr } = await startProcess(process.execPath, watched, { cwd: dir }).result
  expect(code, stderr).toBe(0)
  const loaded = stderr.split('\n').filter(line => line.startsWith('loaded '))
  expect(loaded.some(line => line.includes('/chunks/'))).toBe(true)
  const unwanted = /\/node_modules\/(pg|pg-[a-z-]+|better-sqlite3|ink|react|yoga-layout)\//
  expect(loaded.filter(line => unwanted.test(line))).toEqual([])
})
