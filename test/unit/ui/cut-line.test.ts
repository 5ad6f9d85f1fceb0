import { expect, test } from 'vitest'
import { cutLine } from '../../../src/ui/cut-line.js'

const cut = (texts: readonly string[], width: number, ellipsis = '…'): string =>
  cutLine(
    texts.map(text => ({ text })),
    width,
    ellipsis,
  )
    .map(({ text }) => text)
    .join('')

test.each([
  ['what fits stays', ['abc', 'def'], 6, 'abcdef'],
  ['what does not is cut where it ends', ['abc', 'def'], 5, 'abcd…'],
  ['and nothing comes after the cut', ['abc', 'def', 'g'], 3, 'ab…'],
  ['wide characters take two columns', ['顧客', 'x'], 5, '顧客x'],
  ['and are not halved', ['顧客', 'x'], 4, '顧…'],
  ['nor is a picture', ['🚚🚚', '⏰'], 5, '🚚🚚…'],
  ['control characters are shown before they are counted', ['a\nb'], 3, 'a\\…'],
])('%s', (_, texts, width, expected) => expect(cut(texts, width)).toBe(expected))

test('a longer ellipsis takes its room', () => expect(cut(['abcdef'], 5, '..')).toBe('abc..'))
