import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { connectors } from '../../../src/connectors/registry.js'
import { CODES } from '../../../src/core/codes.js'
import { compileSchema } from '../../../src/load/validate.js'
import { referenceText, schemaText } from '../../../src/spec/emit.js'
import { functions } from '../../../src/transforms/registry.js'

type Schema = Record<string, unknown>

const parts = { connectors, functions: [...functions.values()] }
const schema = JSON.parse(schemaText(parts)) as Schema
const reference = referenceText(parts)

/** Every property of every object in the schema, with the way to it. */
function* propertiesOf(node: unknown, path = ''): Generator<{ path: string; property: Schema; required: boolean }> {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const [i, item] of node.entries()) yield* propertiesOf(item, `${path}/${i}`)
    return
  }
  const { properties, required, ...rest } = node as Schema
  const needed = new Set(Array.isArray(required) ? required : [])
  for (const [name, property] of Object.entries((properties ?? {}) as Record<string, Schema>)) {
    yield { path: `${path}/${name}`, property, required: needed.has(name) }
    yield* propertiesOf(property, `${path}/${name}`)
  }
  for (const [keyword, value] of Object.entries(rest)) {
    if (['examples', 'default', 'enum', 'const'].includes(keyword)) continue
    yield* propertiesOf(value, path)
  }
}

const all = [...propertiesOf(schema)]

describe('the schema', () => {
  it('describes every property', () => {
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(({ property }) => !property.description).map(({ path }) => path)).toEqual([])
  })

  it('says of every optional property what its absence means', () => {
    const silent = all.filter(({ path, property, required }) => {
      if (required || 'default' in property || /\/apply\/\w+$/.test(path)) return false
      return !/default|without|needed|absent|either/i.test(String(property.description))
    })
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it('refuses unknown keys in every object with properties', () => {
    const open: string[] = []
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return
      const object = node as Schema
      if (object.properties !== undefined && object.additionalProperties !== false) open.push(path)
      for (const [key, value] of Object.entries(object)) if (key !== 'examples') walk(value, `${path}/${key}`)
    }
    walk(schema, '')
    expect(open).toEqual([])
  })

  it('accepts its own examples and defaults', () => {
    const refused = all.flatMap(({ path, property }) => {
      const values = [...((property.examples ?? []) as unknown[]), ...('default' in property ? [property.default] : [])]
      if (values.length === 0) return []
      const valid = compileSchema(property)
      return values.filter(value => !valid(value)).map(value => `${path} ${JSON.stringify(value)}`)
    })
    expect(refused).toEqual([])
  })

  it('gives an example for every property of the language itself', () => {
    const bare = all.filter(({ path, property }) => {
      const isBlock = property.type === 'object' || property.oneOf !== undefined
      const ours = !/^\/(sources|target)\b|\/apply\//.test(path)
      return ours && !isBlock && ((property.examples ?? []) as unknown[]).length === 0
    })
    expect(bare.map(({ path }) => path)).toEqual([])
  })

  it('is a valid schema', () => {
    expect(() => compileSchema(schema)).not.toThrow()
  })
})

describe('the committed files', () => {
  const read = (name: string) => readFileSync(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8')

  it('are what the registries say; run `npm run generate` when this fails', () => {
    expect(read('pipeline.schema.json')).toBe(schemaText(parts))
    expect(read('REFERENCE.md')).toBe(reference)
  })
})

describe('the reference', () => {
  it('names every key, function and code', () => {
    const names = new Set(
      all.filter(({ path }) => !path.includes('/apply/')).map(({ path }) => path.split('/').at(-1) ?? ''),
    )
    expect([...names].filter(name => !reference.includes(`| \`${name}\` |`))).toEqual([])
    expect([...functions.keys()].filter(name => !reference.includes(`#### \`${name}\``))).toEqual([])
    expect(Object.keys(CODES).filter(code => !reference.includes(`| ${code} |`))).toEqual([])
  })

  it('has as many cells in each row of a table as in its head', () => {
    const cells = (line: string) => line.replaceAll('\\|', '').split('|').length
    const lines = reference.split('\n')
    const uneven = lines.filter((line, i) => {
      const previous = lines[i - 1] ?? ''
      return line.startsWith('|') && previous.startsWith('|') && cells(line) !== cells(previous)
    })
    expect(uneven).toEqual([])
  })
})
