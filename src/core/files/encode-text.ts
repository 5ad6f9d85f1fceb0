import { type Encoding, WINDOWS_1252 } from './text-stream.js'

/** 0x80 to 0x9F by their characters. */
const BYTES = new Map([...WINDOWS_1252].flatMap((character, i) => (character === '\0' ? [] : [[character, 0x80 + i]])))

/** A character that the encoding cannot hold; half of a surrogate pair is none in any. */
export const UNHELD: Readonly<Record<Encoding, RegExp>> = {
  utf8: /\p{Surrogate}/u,
  utf16le: /\p{Surrogate}/u,
  latin1: /[^\0-\xff]/,
  'windows-1252': new RegExp(`[^\\0-\\x7f\\xa0-\\xff${[...BYTES.keys()].join('')}]`),
}

/** The bytes of a text that has no such character. */
export function encodeText(text: string, encoding: Encoding): Buffer {
  if (encoding !== 'windows-1252') return Buffer.from(text, encoding)
  return Buffer.from(
    text.replace(/[^\0-\xff]/g, character => String.fromCharCode(BYTES.get(character) ?? 0)),
    'latin1',
  )
}
