import { expect, test } from 'vitest'
import { specialCodes, TextBuffer } from '../../../src/core/text-buffer.js'

const SPECIAL = specialCodes("'\\")
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")

/** Around the length where the loop gives way to the runtime's own calls. */
const LENGTHS = [0, 1, 63, 64, 65, 500]

test.each(LENGTHS)('texts of %i characters come out as UTF-8, escaped where that must be', length => {
  for (const last of ['', 'x', "'", '\\', 'ä', '数', '😀', '\0', '\x7f']) {
    const text = 'a'.repeat(length) + last
    const out = new TextBuffer(1)
    out.text(text, SPECIAL, escaped)
    out.byte(44)
    out.text(last + text, SPECIAL, escaped)
    expect(out.take().toString('utf8')).toBe(`${escaped(text)},${escaped(last + text)}`)
  }
})

test.each(LENGTHS)('plain text of %i characters stays as it is', length => {
  const out = new TextBuffer(0)
  out.ascii('7'.repeat(length))
  out.byte(10)
  expect(out.take().toString('latin1')).toBe(`${'7'.repeat(length)}\n`)
})

test('bytes below a code are counted from any place on', () => {
  const out = new TextBuffer(1)
  const text = 'a\t\u0001é\n\u000b\u007f\u0000数\t\n\n😀\t abc\n'
  out.write(text)
  const bytes = Buffer.from(text)
  for (let from = 0; from <= bytes.length; from++)
    for (const code of [0, 1, 11, 128])
      expect([from, code, out.countBelow(code, from)]).toEqual([
        from,
        code,
        bytes.subarray(from).filter(byte => byte < code).length,
      ])
})
