import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PipelineError } from '../../../src/core/errors.js'
import { exitCodeOf } from '../../../src/core/errors.js'
import { loadPipeline } from '../../../src/load/load.js'
import { failure, HEAD, problems, VALID } from './pipeline-file.js'

const missing = (file: string) =>
  loadPipeline(file).then(
    () => undefined,
    (error: PipelineError) => error,
  )

describe('a file that cannot be read', () => {
  it('does not exist', async () => {
    const error = await missing('/nowhere/pipeline.yaml')
    expect(error?.diagnostics).toEqual([
      {
        code: 'E001',
        severity: 'error',
        message: 'there is no such file',
        path: [],
        hint: 'Check the path.',
      },
    ])
    expect(exitCodeOf(error)).toBe(2)
  })

  it('is a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'etl-load-'))
    expect((await missing(folder))?.diagnostics[0]).toMatchObject({ code: 'E001', message: 'this is a folder' })
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['empty', '', ['E002 the file is empty']],
    ['white space', ' \n\t\n', ['E002 the file is empty']],
    ['only comments', '# nothing\n', ['E002 1:1 the file holds nothing but comments']],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0]), ['E003 the file is not UTF-8 text']],
    ['not UTF-8', Buffer.from('name: M\xfcller\n', 'latin1'), ['E003 the file is not UTF-8 text']],
    ['UTF-16', Buffer.from('\ufeffname: x\n', 'utf16le'), ['E003 the file is not UTF-8 text']],
    ['larger than 1 MB', `# ${'x'.repeat(1_000_000)}\n`, ['E009 the file is larger than 1 MB']],
  ])('is %s', async (_, text, expected) => {
    expect(await problems(text)).toEqual(expected)
  })

  it('may begin with a byte order mark', async () => {
    expect(await problems(`\ufeff${VALID}extra: 1\n`)).toEqual(['E101 12:1 "extra" is not a key of the file'])
  })

  it('may have Windows line ends', async () => {
    const text = `${VALID}extra: 1\n`.replaceAll('\n', '\r\n')
    expect(await problems(text)).toEqual(['E101 12:1 "extra" is not a key of the file'])
  })
})

describe('YAML that is not accepted', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x, x]',
    'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]',
    'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]',
    'd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]',
    'e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]',
    'f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]',
  ].join('\n')

  it.each([
    ['two documents', `${VALID}---\n${VALID}`, ['E005 12:1 a second document begins here']],
    ['a duplicate key', `${VALID}name: again\n`, ['E006 12:1 `name` stands here twice']],
    ['a target column mapped twice', `${VALID}      id: OTHER\n`, ['E213 12:7 target column `id` is mapped twice']],
    ['a tab', 'version: 1\nsources:\n\tcrm: 1\n', ['E004 3:1 a tab cannot indent YAML']],
    ['a tag', 'version: !!js/function x\n', ['E004 1:10 tags are not part of the language']],
    ['__proto__', `${VALID}__proto__: { x: 1 }\n`, ['E004 12:1 `__proto__` cannot be a key']],
    ['constructor', `${VALID}constructor: 1\n`, ['E004 12:1 `constructor` cannot be a key']],
    ['an alias without anchor', `${VALID}description: *nothing\n`, ['E004 12:14 this alias has no anchor above it']],
    [
      'an open bracket',
      'version: [1\nname: x\n',
      ['E004 2:1 flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['just a word', 'hello\n', ['E102 1:1 must be a block of keys, not text']],
    ['a list', '- 1\n', ['E102 1:1 must be a block of keys, not a list']],
  ])('%s', async (_, text, expected) => {
    expect(await problems(text)).toEqual(expected)
  })

  it('an alias bomb, quickly', async () => {
    const began = performance.now()
    const found = await problems(bomb)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^E007 \d:\d+ aliases unfold to more than 1000 parts$/)
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it('an alias to itself', async () => {
    expect((await problems('a: &a [*a]\n'))[0]).toMatch(/^E00[478] /)
  })

  it.each([
    ['[', `a: ${'['.repeat(10_000)}`],
    ['{a:', `a: ${'{a: '.repeat(10_000)}`],
    ['- ', `${'- '.repeat(10_000)}x\n`],
    ['indentation', Array.from({ length: 1300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['balanced', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`],
    ['300 levels', `a: ${'['.repeat(300)}${']'.repeat(300)}\n`],
  ])('nesting by %s', async (_, text) => {
    const found = await problems(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^E008 \d+:\d+ nested deeper than 200 levels$/)
  })
})

describe('a variable', () => {
  const withUrl = (value: string) => VALID.replace('path: crm.sqlite', `path: ${value}`)

  it('that is not set is one problem, at the variable', async () => {
    expect(await problems(withUrl('"data/${CRM_FILE}"'))).toEqual(['E010 4:36 CRM_FILE is not set'])
    const { diagnostics } = await failure(withUrl('"${CRM_FILE}"'))
    expect(diagnostics[0]?.hint).toBe(
      'Set CRM_FILE in the environment or in .env, give --var CRM_FILE=…, or write ${CRM_FILE:-default}.',
    )
  })

  it('with a message of its own gives that', async () => {
    expect(await problems(withUrl('"${CRM_FILE:?path of the old database}"'))).toEqual([
      'E010 4:31 path of the old database',
    ])
  })

  it.each([
    ['{ type: sqlite, path: ${CRM} }', 'E011 4:30 inside { } and [ ] a variable needs quotes'],
    ['{ type: sqlite, path: ${CRM:-x} }', 'E011 4:30 inside { } and [ ] a variable needs quotes'],
    ['[ ${CRM} ]', 'E011 4:10 inside { } and [ ] a variable needs quotes'],
  ])('without quotes inside brackets says so: %s', async (block, expected) => {
    const text = VALID.replace('{ type: sqlite, path: crm.sqlite }', block)
    expect((await problems(text))[0]).toBe(expected)
    expect((await failure(text)).diagnostics[0]?.hint).toMatch(/^Write "\$\{CRM(:-x)?\}"\.$/)
  })
})

describe('the shape', () => {
  it.each([
    ['unknown version', VALID.replace('version: 1', 'version: 2'), ['E106 1:10 version 2 is not known']],
    ['missing target', VALID.replace(/target:.*\n/, ''), ['E104 1:1 the file needs `target`']],
    ['missing type', VALID.replace('type: sqlite, path: out', 'path: out'), ['E104 5:1 `target` needs `type`']],
    ['no entities', `${HEAD.trimEnd()} {}\n`, ['E105 6:1 needs at least 1 entry']],
    ['a key of a connection', VALID.replace('path: out', 'pth: out'), ['E101 5:25 "pth" is not a key of `target`']],
    ['a share', `${VALID}    max_errors: 1 %\n`, ['E103 12:17 "1 %" is neither a number nor a share']],
    ['a share over all', `${VALID}    max_errors: 101%\n`, ['E105 12:17 must be <= 100%']],
    ['a share over all of a run', `${VALID}quarantine: { max_errors: 101% }\n`, ['E105 12:27 must be <= 100%']],
    ['a fraction', `${VALID}    max_errors: 5.5\n`, ['E102 12:17 must be a whole number or text, not a fraction']],
    ['a negative number', `${VALID}    max_errors: -1\n`, ['E105 12:17 must be >= 0']],
    ['an entity name', VALID.replace('customers:\n', 'my customers:\n'), ['E103 7:3 "my customers" cannot be a name']],
    ['an empty entity', `${HEAD}  a:\n`, ['E102 7:3 must be a block of keys, not empty']],
    ['an unquoted number', VALID.replace('path: out.sqlite', 'path: 12'), ['E102 5:31 must be text, not a number']],
  ])('%s is one problem', async (_, text, expected) => {
    expect(await problems(text)).toEqual(expected)
  })
})
