import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EtlError } from '../../../src/core/errors.js'
import { checkText } from '../../../src/ui/check-text.js'
import { errorText } from '../../../src/ui/error-text.js'
import { LogFile } from '../../../src/ui/log-file.js'
import { UNICODE } from '../../../src/ui/theme.js'

const THEME = { color: false, symbols: UNICODE }
const QUIET = { theme: THEME, verbose: false, version: '1.2.3' }

test('code, where, what, what next', () => {
  const error = new EtlError('E302', 'the server refused user "etl"', {
    kind: 'connection',
    where: 'source crm',
    hint: 'check the password, then run `etl check`',
    native: '28P01',
  })
  expect(errorText(error, QUIET)).toBe(`✖ E302 login refused
  where  source crm
  what   the server refused user "etl" (28P01)
  hint   check the password, then run \`etl check\`
`)
})

test('a stack, and that of the cause, only with --verbose', () => {
  const error = new EtlError('E308', 'no', { cause: new TypeError('deep') })
  expect(errorText(error, QUIET)).toBe('✖ E308 statement failed\n  what   no\n')
  const verbose = errorText(error, { ...QUIET, verbose: true })
  expect(verbose).toContain('    at ')
  expect(verbose).toContain('\ncaused by TypeError: deep\n')
})

test('an unknown exception is called a bug', () => {
  expect(errorText(new TypeError('x is undefined'), QUIET)).toBe(`✖ E901 internal error
  what   TypeError: x is undefined
  hint   this is a bug in etl, not in your pipeline; please run again with --verbose and report it with this output (etl 1.2.3, Node ${process.version})
`)
  expect(errorText('thrown text', QUIET)).toContain('  what   something that is no error was thrown\n')
})

test('the words of an unknown exception are not told, which may be of a row: its kind and its place are', () => {
  const error = Object.assign(new Error("no such thing as 'row value'"), { name: 'SqliteError', code: 'SQLITE_X' })
  expect(errorText(error, QUIET)).toContain('  what   SqliteError SQLITE_X\n')
  const verbose = errorText(new EtlError('E308', 'no', { cause: error }), { ...QUIET, verbose: true })
  expect(verbose).toMatch(/\ncaused by SqliteError SQLITE_X\n {4}at /)
  expect(verbose).not.toContain('row value')
})

test('a message of several lines stays in its column; escapes are shown', () => {
  const error = new EtlError('E308', 'one\ntwo\u001b[2J')
  expect(errorText(error, QUIET)).toBe('✖ E308 statement failed\n  what   one\n         two\\u001b[2J\n')
})

test('the check names every point, with hints below those that failed', () => {
  const items = [
    { where: 'source crm', what: 'connection', ok: true, detail: 'PostgreSQL 15.4' },
    { where: 'target', what: 'table public.orders', ok: false, code: 'E208', detail: 'not found', hint: 'create it' },
  ]
  expect(checkText({ ok: false, items, checks: [] }, THEME)).toBe(`    WHERE       WHAT                 RESULT
 ✔  source crm  connection           PostgreSQL 15.4
 ✖  target      table public.orders  E208 not found
   hint  create it

 ✖ 1 point failed
`)
  expect(checkText({ ok: true, items: items.slice(0, 1), checks: [] }, THEME)).toMatch(/\n ✔ ready to run\n$/)
})

test('a log is appended to, private, and each line is there at once', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'etl-log-')), 'run.log')
  const first = new LogFile(path)
  first.write('one')
  expect(readFileSync(path, 'utf8')).toBe('one\n')
  first.close()
  const second = new LogFile(path)
  second.write('two')
  second.close()
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a log that cannot be opened is an error of usage; one that breaks later stops nothing', () => {
  expect(() => new LogFile('/nowhere/run.log')).toThrow(
    expect.objectContaining({ code: 'E513', kind: 'usage', message: 'the log file cannot be opened (ENOENT)' }),
  )
  const full = new LogFile('/dev/full')
  full.write('lost')
  full.write('lost too')
  full.close()
})
