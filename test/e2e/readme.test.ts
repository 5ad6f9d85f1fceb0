import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runEtl } from '../support/etl.js'

const README = readFileSync('README.md', 'utf8')

function fences(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(match => match[1] ?? '')
}

interface Step {
  readonly command: string
  /** Undefined where the README shows nothing of it; a last `…` stands for the rest. */
  readonly shown: readonly string[]
}

function steps(console: string): Step[] {
  const found: { command: string; shown: string[] }[] = []
  for (const line of console.split('\n').slice(0, -1)) {
    if (line.startsWith('$ ')) found.push({ command: line.slice(2), shown: [] })
    else found.at(-1)?.shown.push(line)
  }
  return found
}

/** What differs from run to run: the run's name, how long it took, and the rate where that can be told. */
function masked(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{8}\b/g, 'RUN')
    .replaceAll(/\b\d+\.\ds( +\S+)$/gm, (_, rate: string) => `0.0s${'·'.padStart(rate.length)}`)
    .replaceAll(/\b\d+\.\ds\b/g, '0.0s')
}

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
  expect(fences('yaml')).toEqual([readFileSync('examples/first/pipeline.yaml', 'utf8')])
})

test('the two commands are scripts of the package', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const commands =
    fences('sh')
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
  for (const { command, shown } of fences('console').flatMap(steps)) {
    test(command, async () => {
      const [program, ...args] = command.split(' ')
      expect(program).toBe('etl')
      const { stdout } = await runEtl(args, { cwd: root })
      const printed = masked(stdout).trimEnd().split('\n')
      const rest = shown.at(-1) === '…'
      const wanted = masked(shown.slice(0, rest ? -1 : undefined).join('\n')).split('\n')
      if (rest) expect(printed.slice(0, shown.length - 1)).toEqual(shown.length === 1 ? [] : wanted)
      else expect(printed).toEqual(wanted)
    })
  }
})
