import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compared, fences, steps } from '../support/documented.js'
import { runEtl } from '../support/etl.js'

const README = readFileSync('README.md', 'utf8')

let root: string
beforeAll(() => {
  root = join(tmpdir(), `etl-readme-${process.pid}`)
  mkdirSync(root, { recursive: true })
  cpSync('examples', join(root, 'examples'), { recursive: true, filter: path => !path.includes('.etl') })
  execFileSync('ln', ['-s', resolve('node_modules'), join(root, 'node_modules')])
  execFileSync(process.execPath, [join(root, 'examples/first/data.mjs')], { cwd: root })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('the pipeline on the first screen is the first example', () => {
  expect(fences(README, 'yaml')).toEqual([readFileSync('examples/first/pipeline.yaml', 'utf8')])
})

test('the two commands are scripts of the package', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const commands =
    fences(README, 'sh')
      .join('')
      .match(/npm (?:run )?(?!ci)(\w+)/g) ?? []
  expect(commands).toEqual(['npm run demo', 'npm test'])
  for (const command of commands) expect(scripts[command.split(' ').at(-1) ?? '']).toBeDefined()
})

test('links go to files that are there', () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(match => match[1] ?? '')
  expect(links.length).toBeGreaterThan(4)
  for (const link of links) expect(() => readFileSync(link)).not.toThrow()
})

describe('the first run prints what the README shows', () => {
  for (const { command, shown } of fences(README, 'console').flatMap(steps)) {
    test(command, async () => {
      const [program, ...args] = command.split(' ')
      expect(program).toBe('etl')
      const { stdout } = await runEtl(args, { cwd: root })
      const { printed, wanted } = compared(stdout, shown)
      expect(printed).toEqual(wanted)
    })
  }
})
