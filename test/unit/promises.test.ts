import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../../src/commands/program.js'
import { commandsFor } from '../../src/commands/registry.js'
import { CODES } from '../../src/core/codes.js'

const SRC = resolve('src')
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file))
  .map(file => ({ file, text: readFileSync(join(SRC, file), 'utf8') }))

test('every code is given somewhere, and every code that is given exists', () => {
  const given = new Set(
    sources.filter(({ file }) => file !== 'core/codes.ts').flatMap(({ text }) => text.match(/'E\d{3}'/g) ?? []),
  )
  expect([...given].map(code => code.slice(1, -1)).sort((a, b) => a.localeCompare(b))).toEqual(Object.keys(CODES))
})

/** Options of a command and of those below it. */
function optionsOf(command: Command | undefined): string[] {
  const own = command?.options.flatMap(({ long }) => long ?? []) ?? []
  return [...own, ...(command?.commands.flatMap(optionsOf) ?? [])]
}

test('texts name only commands and options that exist', async () => {
  const { stdin, stdout, stderr } = process
  const program = buildProgram(
    await commandsFor(undefined),
    { stdin, stdout, stderr, env: {}, cwd: '.' },
    () => undefined,
  )
  const commands = new Map(program.commands.map(command => [command.name(), command]))
  const calls = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/[`'"]etl ([a-z][\w-]*)([^`'"]*)/g)].map(([, name = '', rest = '']) => ({ file, name, rest })),
  )
  expect(calls.length).toBeGreaterThan(20)
  expect(calls.filter(({ name }) => !commands.has(name))).toEqual([])
  const unknown = calls.flatMap(({ file, name, rest }) =>
    (rest.match(/--[a-z][a-z-]*/g) ?? [])
      .filter(option => optionsOf(commands.get(name)).every(long => long !== option))
      .map(option => `${file}: etl ${name} ${option}`),
  )
  expect(unknown).toEqual([])
  const options = new Set(program.commands.flatMap(optionsOf))
  const alone = sources
    // Options of npm, and of the programs that databases bring.
    .filter(({ file }) => file !== 'spec/generate.ts' && !/^connectors\/\w+\/copy\.ts$/.test(file))
    .flatMap(({ text }) => text.match(/(?<=[`'"])--[a-z][a-z-]*/g) ?? [])
  expect(alone.filter(option => !['--help', '--version'].includes(option) && !options.has(option))).toEqual([])
})
