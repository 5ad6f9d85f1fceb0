import { expect, test } from 'vitest'
import { ASCII, paint, progressMode, themeOf, UNICODE, wantsColor } from '../../../src/ui/theme.js'

test.each([
  ['--no-color beats everything', { color: false }, { FORCE_COLOR: '1' }, true, false],
  ['NO_COLOR beats FORCE_COLOR', {}, { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  ['an empty NO_COLOR means nothing', {}, { NO_COLOR: '' }, true, true],
  ['FORCE_COLOR colours a pipe', {}, { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0 means no', {}, { FORCE_COLOR: '0' }, true, false],
  ['a terminal is coloured', {}, {}, true, true],
  ['a pipe is not', {}, {}, false, false],
  ['a dumb terminal is not', {}, { TERM: 'dumb' }, true, false],
])('%s', (_, options, env, isTTY, expected) => expect(wantsColor(options, env, isTTY)).toBe(expected))

test('without colour text is left as it is', () => {
  const plain = themeOf({ color: false }, {}, true)
  expect(paint(plain, 'bad', 'x')).toBe('x')
  expect(paint({ color: true, symbols: UNICODE }, 'bad', 'x')).toBe('\u001b[31mx\u001b[39m')
})

test('--ascii leaves no character beyond ASCII', () => {
  const { symbols } = themeOf({ ascii: true }, {}, true)
  expect(symbols).toBe(ASCII)
  expect(Object.values(symbols).flat().join('')).toMatch(/^[\x20-\x7e]+$/)
})

test.each([
  ['a person at a terminal sees the screen', 'auto', {}, true, false, 'tty'],
  ['CI gets lines', 'auto', { CI: 'true' }, true, false, 'plain'],
  ['CI=false is no CI', 'auto', { CI: 'false' }, true, false, 'tty'],
  ['a dumb terminal gets lines', 'auto', { TERM: 'dumb' }, true, false, 'plain'],
  ['a pipe gets lines', 'auto', {}, false, false, 'plain'],
  ['the screen needs a terminal', 'tty', {}, false, false, 'plain'],
  ['the screen may be asked for in CI', 'tty', { CI: '1' }, true, false, 'tty'],
  ['lines may be asked for', 'plain', {}, true, false, 'plain'],
  ['quiet shows nothing', 'tty', {}, true, true, 'none'],
] as const)('%s', (_, requested, env, isTTY, quiet, mode) => {
  expect(progressMode(requested, env, isTTY, quiet)).toBe(mode)
})
