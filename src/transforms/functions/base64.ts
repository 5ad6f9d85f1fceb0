import { RowError } from '../../core/errors.js'
import { defineFunction } from '../../core/transform.js'
import { textOf } from '../text-value.js'

const toBase64 = defineFunction({
  name: 'to_base64',
  family: 'text',
  summary: 'Bytes, or text as UTF-8, as base64 (RFC 4648, padded, in one line); files hold bytes so.',
  examples: [
    { in: Buffer.from([0xff, 0, 1]), out: '/wAB' },
    { in: 'é', out: 'w6k=' },
  ],
  prepare:
    () =>
    ([value]) =>
      (Buffer.isBuffer(value) ? value : Buffer.from(textOf(value), 'utf8')).toString('base64'),
})

const fromBase64 = defineFunction({
  name: 'from_base64',
  family: 'text',
  summary: 'The bytes that base64 stands for (RFC 4648, padded); line breaks in it do not count.',
  examples: [
    { in: '/wAB', out: Buffer.from([0xff, 0, 1]) },
    { in: '/w\r\nAB\n', out: Buffer.from([0xff, 0, 1]) },
    { in: '', out: Buffer.alloc(0) },
    { in: '/wA', error: 'E413', note: 'without its padding it may have been cut off' },
    { in: '/x==', error: 'E413', note: 'no bytes are written like this' },
    { in: 'not base64', error: 'E413' },
  ],
  prepare:
    () =>
    ([value]) => {
      const text = textOf(value).replace(/[\r\n]+/g, '')
      const bytes = Buffer.from(text, 'base64')
      // Node reads over what it does not understand.
      if (bytes.toString('base64') !== text) throw new RowError('E413', 'the text is not base64')
      return bytes
    },
})

export const base64Functions = [toBase64, fromBase64] as const
