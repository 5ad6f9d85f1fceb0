import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS, commandsFor } from '../../../src/commands/registry.js'
import { CODES } from '../../../src/core/codes.js'
import { captureCli } from './captured-io.js'

function usage(what: string, hint: string): { code: number; out: string; err: string } {
  return { code: 2, out: '', err: `✖ E520 usage\n  what   ${what}\n  hint   ${hint}\n` }
}

const help = (name: string) => `\`etl help ${name}\` shows its arguments, options and examples`

test.each(COMMANDS.map(command => command.name))('%s refuses an option it does not have', async name => {
  expect(await captureCli([name, '--nonsense'])).toEqual(usage("unknown option '--nonsense'", help(name)))
})

test.each([
  [['rnu'], "unknown command 'rnu'", 'did you mean run?'],
  [['run', '--resum'], "unknown option '--resum'", 'did you mean --resume?'],
  [['run', 'a.yaml', 'b.yaml'], "too many arguments for 'run'. Expected 1 argument but got 2.", help('run')],
  [
    ['run', '--limit', '0'],
    "option '--limit <rows>' argument '0' is invalid. It must be a whole number of at least 1.",
    help('run'),
  ],
  [
    ['run', '--batch-size', '1e3'],
    "option '--batch-size <rows>' argument '1e3' is invalid. It must be a whole number of at least 1.",
    help('run'),
  ],
  [
    ['run', '--concurrency', '-1'],
    "option '--concurrency <n>' argument '-1' is invalid. It must be a whole number of at least 1.",
    help('run'),
  ],
  [
    ['run', '--var', 'X'],
    "option '--var <name=value>' argument 'X' is invalid. It must look like NAME=value.",
    help('run'),
  ],
  [
    ['run', '--progress', 'loud'],
    "option '--progress <mode>' argument 'loud' is invalid. Allowed choices are auto, tty, plain, none.",
    help('run'),
  ],
  [['run', '--resume', '--dry-run'], "option '--resume' cannot be used with option '--dry-run'", help('run')],
  [['run', '--resume', '--restart'], "option '--resume' cannot be used with option '--restart'", help('run')],
  [['plan', '-o'], "option '-o, --output <file>' argument missing", help('plan')],
  [
    ['graph', '--format', 'svg'],
    "option '--format <format>' argument 'svg' is invalid. Allowed choices are text, mermaid.",
    help('graph'),
  ],
  [['explain', 'nonsense'], "there is no error code 'nonsense'", 'run `etl explain` for the list'],
  [['help', 'rn'], "there is no help for 'rn'", 'did you mean run?'],
])('%j', async (argv, what, hint) => {
  expect(await captureCli(argv)).toEqual(usage(what, hint))
})

test('an unknown way to run JSON Logic is refused', async () => {
  const { code, err } = await captureCli(['run', 'x.yaml'], { env: { ETL_LOGIC: 'fast' } })
  expect(code).toBe(2)
  expect(err).toContain('ETL_LOGIC must be compiled or reference')
})

test('the pipeline file is found only where there is exactly one', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'etl-find-'))
  expect((await captureCli(['validate'], { cwd })).err).toBe(`✖ E520 usage
  where  ${cwd}
  what   no pipeline file was given and the folder holds none
  hint   give the path, name the file etl.yaml or pipeline.yaml, or begin one with \`etl init\`
`)
  writeFileSync(join(cwd, 'etl.yaml'), '')
  writeFileSync(join(cwd, 'pipeline.yaml'), '')
  const both = await captureCli(['validate'], { cwd })
  expect(both.code).toBe(2)
  expect(both.err).toContain('no pipeline file was given and the folder holds both etl.yaml and pipeline.yaml\n')
})

test('without a command, and with --help, the commands are listed on stdout', async () => {
  const bare = await captureCli([])
  expect(bare).toEqual(await captureCli(['--help']))
  expect(bare).toEqual(await captureCli(['help']))
  expect([bare.code, bare.err]).toEqual([0, ''])
  expect(bare.out).toContain('\n  trace ENTITY KEY  follow one row')
  expect(Math.max(...bare.out.split('\n').map(line => line.length))).toBeLessThanOrEqual(80)
  for (const { name, summary } of await commandsFor(undefined))
    expect(bare.out).toMatch(new RegExp(`^ {2}${name} .*\\b${summary.split(' ')[0]}`, 'm'))
})

test.each(COMMANDS.map(command => command.name))('the help of %s has examples', async name => {
  const help = await captureCli([name, '--help'])
  expect(help.code).toBe(0)
  expect(help.out).toMatch(new RegExp(`^Usage: etl ${name} `))
  expect(help.out).toContain(`\nExamples:\n  $ etl ${name}`)
  expect((await captureCli(['help', name])).out).toBe(help.out)
})

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(await captureCli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test('exit codes are explained', async () => {
  const { code, out } = await captureCli(['help', 'exit-codes'])
  expect(code).toBe(0)
  expect([...out.matchAll(/^ {2}(\d+) /gm)].map(match => match[1])).toEqual([
    '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '130',
    '143',
  ])
})

test('explain says what a code means, why, and what to do', async () => {
  expect(await captureCli(['explain', 'e402'])).toEqual({
    code: 0,
    err: '',
    out: ` E402 not a number

   A value is not a number, and a number is needed.

 why it happens
   Words such as \`N/A\`, a thousands separator, a currency sign or a decimal
   comma.

 example
   ✖ orders  1 row rejected: E402 total: the text is not a number, decimal(12,2)
   needs one

 how to mend it
   · See the rows and what to write: \`etl quarantine\`
   · Read it with a function that knows the form:
     \`apply: [ { to_decimal: { thousands: ".", decimal: "," } } ]\`
   · Or decide what such values become: \`on_invalid: null\`,
     \`on_invalid: default\` with a \`default\`, or \`on_invalid: quarantine\`
   · Then load just those rows: \`etl quarantine retry pipeline.yaml RUN\`
`,
  })
  expect((await captureCli(['explain', '402', '--ascii'])).out).toContain('\n   x orders  1 row rejected')
})

test('explain knows every code, alone and in its group', async () => {
  const list = (await captureCli(['explain'])).out
  const groups: unknown = JSON.parse((await captureCli(['explain', '--json'])).out)
  for (const [code, title] of Object.entries(CODES)) {
    const { out } = await captureCli(['explain', code])
    expect(out.split('\n')[0]).toBe(` ${code} ${title}`)
    expect(list).toContain(`\n   ${code}  ${title}\n`)
    const document: unknown = JSON.parse((await captureCli(['explain', code, '--json'])).out)
    expect(document).toMatchObject({ code, title })
    expect(JSON.stringify(groups)).toContain(JSON.stringify(document))
  }
})

test('schema and reference print the files of the package', async () => {
  expect((await captureCli(['schema'])).out).toBe(readFileSync('schemas/pipeline.schema.json', 'utf8'))
  expect((await captureCli(['reference'])).out).toBe(readFileSync('schemas/REFERENCE.md', 'utf8'))
})
