import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { CLI } from '../support/etl.js'
import { differences, makeShop, one } from './shop.js'

/** What a reader leaves that takes some and goes away, as `| head -1` does. */
interface Left {
  readonly code: number | null
  /** What was read before. */
  readonly read: string
  readonly stderr: string
}

/** @param both the reader has both streams, as after `2>&1` */
function readSome(args: readonly string[], cwd: string, both = false): Promise<Left> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let [read, stderr] = ['', '']
    const leave = (chunk: Buffer): void => {
      read += chunk.toString()
      child.stdout.destroy()
      if (both) child.stderr.destroy()
    }
    child.stdout.on('data', leave)
    child.stderr.on('data', both ? leave : (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject).on('close', code => resolve({ code, read, stderr }))
  })
}

test('a run whose reader goes away goes on to its end, quietly', async () => {
  const shop = makeShop(4000, { batchSize: 50 })
  const json = await readSome(['run', '--yes', '--json'], shop.dir)
  expect([json.code, json.stderr]).toEqual([0, ''])
  expect(json.read).toMatch(/^\{"at":\d+,"type":"run_started"/)
  expect(json.read).not.toContain('run_finished')
  expect(one(shop.target, 'select count(*) as n from orders')).toEqual({ n: 4000 })
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })

  const plain = makeShop(4000, { batchSize: 50 })
  const both = await readSome(['run', '--yes'], plain.dir, true)
  expect(both.code).toBe(0)
  expect(both.read).not.toContain('finished')
  expect(differences(plain)).toEqual({ missing: 0, extra: 0 })
}, 60_000)

test.each([
  ['plan'],
  ['plan', '--json'],
  ['reference'],
  ['schema'],
  ['graph', '--format', 'mermaid'],
  ['completion', 'bash'],
  ['help', 'run'],
])('etl %s ends quietly', async (...args) => {
  const { code, stderr } = await readSome(args, makeShop(10).dir)
  expect([code, stderr]).toEqual([0, ''])
})
