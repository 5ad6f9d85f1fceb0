import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeShop } from '../e2e/shop.js'
import { CLI, runEtl, startProcess } from '../support/etl.js'

const QUOTE = String.raw`'\''`

describe('Answers that a program pipes in: none, and every byte stays as it was', () => {
  test('nothing is emptied, taken back or put back', async () => {
    const shop = makeShop(100)
    const file = join(shop.dir, 'etl.yaml')
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8').replace('    to: orders\n', '    to: orders\n    load: replace\n')}undo: true\nbackup: true\n`,
    )
    expect((await runEtl(['run', '--yes'], { cwd: shop.dir })).code).toBe(0)
    const { runId } = JSON.parse(readFileSync(join(shop.dir, '.etl/shop/checkpoint.json'), 'utf8')) as { runId: string }
    const [backup = ''] = readdirSync(join(shop.dir, 'backups')).filter(name => name.endsWith('.db'))
    const before = readFileSync(shop.target)
    for (const args of [
      ['run'],
      ['run', '--json'],
      ['undo', 'last'],
      ['undo', runId, '--json'],
      ['restore', `backups/${backup}`],
    ]) {
      for (const answer of ['yes', `y\\nshop\\n${runId}`]) {
        const line = [process.execPath, CLI, ...args].map(part => `'${part.replaceAll("'", QUOTE)}'`).join(' ')
        const { code, stderr, stdout } = await startProcess('sh', ['-c', `printf '${answer}\\n' | ${line}`], {
          cwd: shop.dir,
        }).result
        expect([args, answer, code, stdout + stderr]).toEqual([args, answer, 2, expect.stringContaining('E514')])
      }
    }
    expect(readFileSync(shop.target).equals(before)).toBe(true)
  }, 240_000)
})
