import { describe, expect, it } from 'vitest'
import { interpolate } from '../../../src/load/interpolate.js'
import { redactor } from '../../../src/load/redact.js'
import { load, problems, VALID } from './pipeline-file.js'

const pg = (keys: string) => VALID.replace('{ type: sqlite, path: out.sqlite }', `\n  type: postgres\n${keys}`)

describe('${…}', () => {
  const env: Record<string, string> = { A: 'one', EMPTY: '' }
  it.each([
    ['${A}', 'one'],
    ['x${A}y${A}', 'xoneyone'],
    ['${B:-two}', 'two'],
    ['${EMPTY:-two}', 'two'],
    ['${EMPTY}', ''],
    ['${B:-}', ''],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$A {A} $', '$A {A} $'],
  ])('%s gives %s', (text, expected) => {
    expect(interpolate(text, name => env[name]).text).toBe(expected)
  })

  it('is not looked for in what a variable holds', () => {
    expect(interpolate('${A}', () => '${A}').text).toBe('${A}')
  })

  it.each(['${1A}', '${A', '${A:+x}', '${}'])('%s is a mistake', text => {
    expect(interpolate(text, () => 'x').missing).toHaveLength(1)
  })
})

describe('where a variable is looked for', () => {
  const text = VALID.replace('crm.sqlite', '"${DB}"')
  const path = async (options: object, beside = {}) => {
    const { spec } = await load(text, options, beside)
    return spec.sources.crm?.path
  }

  it('--var before the environment before .env', async () => {
    const dotenv = { '.env': 'DB=from-file\nOTHER=x\n' }
    expect(await path({ env: {} }, dotenv)).toBe('from-file')
    expect(await path({ env: { DB: 'from-env' } }, dotenv)).toBe('from-env')
    expect(await path({ env: { DB: 'from-env' }, vars: { DB: 'from-var' } }, dotenv)).toBe('from-var')
  })

  it('finds no property that every object has', async () => {
    expect(await problems(text.replace('${DB}', '${toString}'))).toEqual(['E010 4:31 toString is not set'])
  })
})

describe('the type of a value that came from a variable', () => {
  it('is a number where one is wanted', async () => {
    const text = pg('  database: app\n  user: me\n  port: ${PORT}\n')
    expect((await load(text, { env: { PORT: '5433' } })).spec.target.port).toBe(5433)
    expect(await problems(text, { env: { PORT: 'many' } })).toEqual(['E102 9:9 must be a whole number, not text'])
  })

  it('may be quoted, as inside { } it has to be, where it is the whole value', async () => {
    const flow = (port: string) =>
      `${VALID}`.replace(
        /target: .*/,
        `target: { type: postgres, database: app, user: me, password: "\${PW}", port: ${port} }`,
      )
    const env = { PORT: '5433', PW: '12' }
    expect(await problems(flow('${PORT}'), { env })).toEqual(['E011 5:77 inside { } and [ ] a variable needs quotes'])
    expect((await load(flow('"${PORT}"'), { env })).spec.target).toMatchObject({ port: 5433, password: '12' })
    expect((await load(flow('"${NONE:-5434}"'), { env })).spec.target.port).toBe(5434)
    const wrong = ['E102 5:77 must be a whole number, not text']
    expect(await problems(flow('"5433"'), { env })).toEqual(wrong)
    expect(await problems(flow('"1${PORT}"'), { env })).toEqual(wrong)
    for (const PORT of ['many', '05433', '5e3', 'true', 'null', ''])
      expect(await problems(flow('"${PORT}"'), { env: { ...env, PORT } }), PORT).toEqual(wrong)
    expect(await problems(flow('"${PORT}"'), { env: { ...env, PORT: '54.5' } })).toEqual([
      'E102 5:77 must be a whole number, not text',
    ])
  })

  it.each(['12345', 'true', 'null', '007', '1e3'])('is text where text is wanted: %s', async value => {
    const text = pg('  database: app\n  user: me\n  password: ${PW}\n')
    expect((await load(text, { env: { PW: value } })).spec.target.password).toBe(value)
  })

  it('keeps every digit in constants', async () => {
    const text = `# $vars.extra\n${VALID}vars: { id: 12345678901234567890, price: 0.12345678901234567, zip: "007", n: 12, f: 1.5 }\n`
    const { spec } = await load(text, { vars: { zip: '0815', extra: '3' } })
    expect(spec.vars).toEqual({
      id: '12345678901234567890',
      price: '0.12345678901234567',
      zip: '0815',
      n: 12,
      f: 1.5,
      extra: 3,
    })
  })
})

describe('secrets', () => {
  it('are passwords and URLs from variables, in every spelling', async () => {
    const text = VALID.replace('{ type: sqlite, path: out.sqlite }', '{ type: postgres, url: "${URL}" }')
    const { secrets } = await load(text, { env: { URL: 'postgres://me:p%40ss@db:5432/app' } })
    expect(secrets).toEqual(['postgres://me:p%40ss@db:5432/app', 'p%40ss', 'p@ss'])
  })

  it('are literal passwords too, but of a literal URL only the password', async () => {
    const text = VALID.replace(
      '{ type: sqlite, path: out.sqlite }',
      '{ type: postgres, url: "postgres://me:hidden@db/app" }',
    )
    expect((await load(text)).secrets).toEqual(['hidden'])
    expect((await load(pg('  database: app\n  user: me\n  password: literal\n'))).secrets).toEqual(['literal'])
  })

  it('come from .env as well, and from the chosen profile', async () => {
    const text = `${VALID}profiles:\n  p:\n    target: { type: postgres, url: "postgres://me:\${PW}@db/app" }\n`
    const { secrets } = await load(text, { profile: 'p' }, { '.env': 'PW=from-dotenv\n' })
    expect(secrets).toEqual(['postgres://me:from-dotenv@db/app', 'from-dotenv'])
    expect((await load(text, {})).secrets).toEqual([])
  })

  it('are masked in text in every spelling, the longest first', () => {
    const redact = redactor(['p@ss "w"', 'p@ss', 'ab', ''])
    expect(redact('a p@ss "w" b p@ss c')).toBe('a ••• b ••• c')
    expect(redact('p%40ss%20%22w%22')).toBe('•••')
    expect(redact(JSON.stringify({ x: 'p@ss "w"' }))).toBe('{"x":"•••"}')
    expect(redact('ab is too short to hide')).toBe('ab is too short to hide')
    const hurts = `p@'ss/+"1\\ &<`
    const written = [
      hurts.replaceAll("'", "''"),
      hurts.replaceAll("'", "'\\''"),
      hurts.replaceAll('\\', '\\\\').replaceAll("'", "\\'"),
      encodeURIComponent(hurts).toLowerCase(),
      Buffer.from(hurts).toString('base64'),
      Buffer.from(hurts).toString('hex'),
      hurts.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    ]
    for (const text of written) expect(redactor([hurts])(`a ${text} b`), text).toBe('a ••• b')
    expect(redactor([])('text')).toBe('text')
    expect(redactor(['lone \ud800 half', 'a.*b'])('a.*b axxb')).toBe('••• axxb')
  })
})
