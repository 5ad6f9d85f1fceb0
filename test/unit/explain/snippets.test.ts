import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { Ajv, type ValidateFunction } from 'ajv'
import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildProgram } from '../../../src/commands/program.js'
import { COMMANDS } from '../../../src/commands/registry.js'
import { EXPLANATIONS } from '../../../src/explain/explanations.js'
import { functions } from '../../../src/transforms/registry.js'

const snippets = Object.entries(EXPLANATIONS).flatMap(([code, { means, why, example, mend }]) =>
  [means, why, example.hint ?? '', ...mend].flatMap(text =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, snippet = '']) => ({ code, snippet })),
  ),
)

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly [keyword: string]: unknown
}

const schema = JSON.parse(readFileSync('schemas/pipeline.schema.json', 'utf8')) as Schema

/** What each key of the language may hold, in all places where there is one; under `*` what has a name of the user's. */
function placesOf(node: unknown, found = new Map<string, Schema[]>()): Map<string, Schema[]> {
  if (typeof node !== 'object' || node === null) return found
  const { properties = {}, additionalProperties } = node as Schema
  const places = Object.entries(properties)
  if (typeof additionalProperties === 'object') places.push(['*', additionalProperties as Schema])
  for (const [name, place] of places) found.set(name, [...(found.get(name) ?? []), place])
  for (const part of Object.values(node)) placesOf(part, found)
  return found
}

const places = placesOf(schema)
const ajv = new Ajv({ discriminator: true, strict: false })
ajv.addVocabulary(['x-short', 'x-values'])
const compiled = new Map<Schema, ValidateFunction>()

function fits(place: Schema, value: unknown): boolean {
  const validate = compiled.get(place) ?? ajv.compile(place)
  compiled.set(place, validate)
  return validate(value)
}

function isFragment(text: string): boolean {
  const value: unknown = parse(text)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).every(([name, part]) => {
    // A field may have any name, also one of the language.
    if (name === 'apply') return Array.isArray(part) && part.every(each => functions.has(nameOf(each)))
    const named = typeof part === 'object' || !places.has(name) ? places.get('*') : []
    return [...(places.get(name) ?? []), ...(named ?? [])].some(place => fits(place, part))
  })
}

function nameOf(applied: unknown): string {
  return typeof applied === 'object' && applied !== null ? (Object.keys(applied)[0] ?? '') : String(applied)
}

test('YAML of explanations is the language', () => {
  const yaml = snippets.filter(({ snippet }) => /^\w+: ?\S/.test(snippet))
  expect(yaml.length).toBeGreaterThan(50)
  expect(yaml.filter(({ snippet }) => !isFragment(snippet))).toEqual([])
  expect(isFragment('load: upsrt')).toBe(false)
  expect(isFragment('apply: [ { truncat: { length: 4 } } ]')).toBe(false)
})

const commands = await Promise.all(COMMANDS.map(command => command.load()))

/** What the command line says of the words; undefined where it would begin. */
async function refused(words: readonly string[]): Promise<string | undefined> {
  const silent = new PassThrough() as unknown as NodeJS.WriteStream & NodeJS.ReadStream
  const io = { stdin: silent, stdout: silent, stderr: silent, env: {}, cwd: '.' }
  const program = buildProgram(commands, io, () => undefined)
  for (const one of program.commands.flatMap(each => [each, ...each.commands])) one.action(() => undefined)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return undefined
  } catch (error) {
    if (error instanceof CommanderError) return error.message
    throw error
  }
}

test('commands of explanations are commands', async () => {
  const said = snippets.filter(({ snippet }) => snippet.startsWith('etl '))
  expect(said.length).toBeGreaterThan(50)
  const wrong = await Promise.all(
    said.map(async ({ code, snippet }) => ({
      code,
      snippet,
      refused: await refused(snippet.replace(/ > .*/, '').split(' ').slice(1)),
    })),
  )
  expect(wrong.filter(one => one.refused !== undefined)).toEqual([])
  expect(await refused(['run', '--dryrun'])).toContain('unknown option')
  expect(await refused(['restore'])).toContain('missing required argument')
})
