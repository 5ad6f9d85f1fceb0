import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PipelineError } from '../../../src/core/errors.js'
import { formatDiagnostic, formatDiagnostics } from '../../../src/load/code-frame.js'
import { failure, VALID } from './pipeline-file.js'

const named = (error: PipelineError) => new PipelineError('pipeline.yaml', error.diagnostics, error.text)
const screen = async (text: string) => formatDiagnostics(named(await failure(text)))

describe('a code frame', () => {
  it('shows the place, the cause and the way out', async () => {
    const text = VALID.replace('    fields:\n', '    load: upsrt\n    fields:\n')
    expect(await screen(text)).toBe(
      ` pipeline.yaml:10:11  E103 value not allowed

    8 │     from: CUSTOMERS
    9 │     to: customers
 ▶ 10 │     load: upsrt
      │           ━━━━━ "upsrt" is not one of insert, ignore, upsert, update, replace
   11 │     fields:

   hint  did you mean "upsert"?

 1 problem
`,
    )
  })

  it('shows several problems and counts them', async () => {
    const text = VALID.replace('name: crm', 'nam: crm').replace('to: customers', 'to: 5')
    expect(await screen(text)).toBe(
      ` pipeline.yaml:2:1  E101 unknown key

   1 │ version: 1
 ▶ 2 │ nam: crm
     │ ━━━ "nam" is not a key of the file
   3 │ sources:

   hint  did you mean "name"?

 pipeline.yaml:9:9  E102 wrong type

    7 │   customers:
    8 │     from: CUSTOMERS
 ▶  9 │     to: 5
      │         ━ must be text or a block of keys, not a number
   10 │     fields:

   hint  put it in quotes.

 2 problems
`,
    )
  })

  it('needs no place', () => {
    const diagnostic = { code: 'E001', severity: 'error', message: 'there is no such file', path: [] } as const
    expect(formatDiagnostics(new PipelineError('x.yaml', [diagnostic]))).toBe(
      ' x.yaml  E001 file not found\n\n   there is no such file\n\n   hint  `etl explain E001` says more\n\n 1 problem\n',
    )
  })

  it('is right under wide characters and tabs', () => {
    const text = '名前: { "列":\tupsrt }\n'
    const position = { line: 1, column: 12, length: 5 }
    const diagnostic = { code: 'E103', severity: 'warning', message: 'no', path: [], position } as const
    expect(formatDiagnostic('f', text, diagnostic)).toBe(
      [
        ' f:1:12  E103 warning: value not allowed',
        '',
        ' ▶ 1 │ 名前: { "列":  upsrt }',
        '     │                ━━━━━ no',
        '',
        '   hint  `etl explain E103` says more',
        '',
      ].join('\n'),
    )
  })

  it('cuts long lines around the place', () => {
    const text = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`
    const position = { line: 1, column: 501, length: 4 }
    const diagnostic = { code: 'E103', severity: 'error', message: 'no', path: [], position } as const
    const [, , line = '', underline = ''] = formatDiagnostic('f', text, diagnostic).split('\n')
    expect(line.length).toBeLessThan(125)
    expect(line.indexOf('HERE')).toBe(underline.indexOf('━━━━'))
  })

  it('lets nothing through that steers a terminal', () => {
    const text = 'a: "\u001b[2Jx\u202e"\n'
    const position = { line: 1, column: 1, length: 1 }
    const diagnostic = { code: 'E101', severity: 'error', message: 'bad \u001b]0;t\u0007', path: [], position } as const
    expect(formatDiagnostic('f', text, diagnostic)).not.toMatch(/[\u202e]|\p{Cc}(?<!\n)/u)
  })

  it('is coloured only on demand', async () => {
    const error = named(await failure(`${VALID}x: 1\n`))
    const plain = formatDiagnostics(error)
    const coloured = formatDiagnostics(error, { color: true })
    expect(plain).not.toContain('\u001b')
    expect(coloured).toContain('\u001b[31mE101\u001b[0m')
    expect(stripVTControlCharacters(coloured)).toBe(plain)
  })
})

describe('a literal secret', () => {
  it.each([
    ['{ type: postgres, password: hunter2, prt: 1 }'],
    ['{ type: postgres, url: "postgres://me:hunter2@db/x", prt: 1 }'],
    ["\n  type: postgres\n  password: 'hunter2'\n  prt: 1"],
    ['\n  type: postgres\n  password: |\n    hunter2\n    hunter2\n  prt: 1'],
    ['\n  type: postgres\n  password: >-\n    hunter2\n  prt: 1'],
    ['\n  type: postgres\n  "password": "hunter2\n    hunter2"\n  prt: 1'],
    ['\n  type: postgres\n  url: http://me:hunter2@db/x\n  prt: 1'],
    ['\n  type: postgres\n  password: [hunter2]\n  prt: 1'],
    ['\n  type: postgres\n  password: *hunter2\n  prt: 1'],
    ['\n  type: postgres\n  password: "hunter2\n'],
    ['\n  type: postgres\n  password: !hunter2 x'],
    ['\n  type: postgres\n  password: @hunter2'],
    ['\n  type: postgres\n  password: {hunter2'],
    ['\n  type: postgres\n  password: "\\hunter2"'],
    ['\n  type: postgres\n  password: hunter2: x'],
    ['\n  type: postgres\n  password: %hunter2'],
    ['\n  type: postgres\n  password: ]hunter2'],
    ['\n  type: postgres\n  prt: ${X:-${Y}}\n  password: hunter2'],
  ])('is never shown: %s', async target => {
    const text = VALID.replace('{ type: sqlite, path: out.sqlite }', target)
    const shown = await screen(text)
    expect(shown).toMatch(/^ pipeline\.yaml:/)
    expect(shown).not.toContain('hunter2')
  })

  it('is shown as dots, a variable as it is', async () => {
    const text = VALID.replace(
      '{ type: sqlite, path: out.sqlite }',
      '\n  type: postgres\n  user: ${ME:-me}\n  password: hunter2\n  prt: 1',
    )
    const shown = await screen(text)
    expect(shown).toContain('   8 │   password: •••••••\n')
  })
})
