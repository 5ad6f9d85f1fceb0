import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, runEtl } from '../support/etl.js'

const PLACES = ['docs/systems', 'docs/how-to', 'docs/explanation', 'pipelines']
const files = PLACES.flatMap(place => readdirSync(join(ROOT, place)).map(name => join(place, name)))

/** `etl …` at the beginning of a line of a code block or of a comment. */
function commandsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/^(?:#\s+)?(etl .*?)(?:\s{2,}.*)?$/gm)].map(match => (match[1] ?? '').replace(/\s+#.*$/, ''))
}

const documented = files.flatMap(file => commandsOf(file).map(command => ({ file, command })))

test('every system has its page, and every page shows commands', () => {
  expect(documented.length).toBeGreaterThan(25)
  const systems = readdirSync(join(ROOT, 'pipelines')).map(name => name.replace(/\.yaml$/, ''))
  expect(new Set(readdirSync(join(ROOT, 'docs/systems')))).toEqual(
    new Set(['README.md', ...systems.map(name => `${name}.md`)]),
  )
})

test('documented commands and flags are those of the program, documented files exist', async () => {
  const names = [...new Set(documented.map(({ command }) => command.split(' ')[1] ?? ''))]
  const help = new Map(
    await Promise.all(names.map(async name => [name, (await runEtl([name, '--help'], { cwd: ROOT })).stdout] as const)),
  )
  const wrong = documented.flatMap(({ file, command }) => {
    const [, name = '', ...rest] = command.split(' ')
    const usage = help.get(name) ?? ''
    const flags = rest.filter(
      word => word.startsWith('--') && !usage.includes(`${word} `) && !usage.includes(`${word}\n`),
    )
    const missing = rest.filter(word => /^pipelines\//.test(word) && !files.includes(word))
    const unknown = usage.startsWith(`Usage: etl ${name}`) ? [] : [name]
    return [...unknown, ...flags, ...missing].map(what => `${file}: ${command}: ${what}`)
  })
  expect(wrong).toEqual([])
})
