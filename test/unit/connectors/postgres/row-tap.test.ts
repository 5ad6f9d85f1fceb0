import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { endOfRow, rowOf } from '../../../../src/connectors/postgres/row-page.js'
import { type RowPage, RowTap } from '../../../../src/connectors/postgres/row-tap.js'
import { decoderOf } from '../../../../src/connectors/postgres/types.js'

const text = decoderOf({ kind: 'text' }, true)

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

function dataRow(values: readonly (string | null)[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeInt16BE(values.length)
  const cells = values.flatMap(value => {
    const bytes = Buffer.from(value ?? '')
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : bytes.length)
    return [length, bytes]
  })
  return message('D', Buffer.concat([count, ...cells]))
}

function rowsOf({ bytes }: RowPage, width: number): unknown[][] {
  const rows: unknown[][] = []
  for (let at = 0; at < bytes.length; at = endOfRow(bytes, at)) rows.push(rowOf(bytes, at, new Array(width).fill(text)))
  return rows
}

/** A driver that keeps what it is given. */
function tapped(): { readonly stream: PassThrough; readonly tap: RowTap; readonly driver: () => string } {
  const stream = new PassThrough()
  const given: Buffer[] = []
  stream.on('data', (bytes: Buffer) => given.push(Buffer.from(bytes)))
  return { stream, tap: new RowTap(stream), driver: () => Buffer.concat(given).toString('latin1') }
}

const ROWS = [
  ['1', 'plain', null],
  ['2', 'with ü, 日本 and 🦊', ''],
  ['3', `${'long '.repeat(300)}ü`, 'x'],
  ['4', null, 'ÿþ'],
]

describe('rows between the stream and the driver', () => {
  for (const size of [1, 2, 3, 4, 5, 7, 64, 100_000]) {
    test(`all else goes on as it came, in pieces of ${size} bytes`, async () => {
      const { stream, tap, driver } = tapped()
      const before = message('T', Buffer.from('columns'))
      const between = message('N', Buffer.from('a notice'))
      const after = Buffer.concat([message('C', Buffer.from('FETCH 4\0')), message('Z', Buffer.from('I'))])
      const rows = ROWS.map(dataRow)
      const sent = Buffer.concat([before, ...rows.slice(0, 2), between, ...rows.slice(2), after])
      tap.begin()
      for (let at = 0; at < sent.length; at += size) stream.write(sent.subarray(at, at + size))
      await new Promise(resolve => stream.end(resolve))
      const page = tap.end()
      expect(driver()).toBe(Buffer.concat([before, between, after]).toString('latin1'))
      expect(page.rows).toBe(4)
      expect(rowsOf(page, 3)).toEqual(ROWS)
    })
  }

  test('rows that nobody keeps are the driver’s', async () => {
    const { stream, tap, driver } = tapped()
    const own = dataRow(['1', 'a'])
    const kept = dataRow(['2', 'b'])
    stream.write(own)
    await new Promise(setImmediate)
    tap.begin()
    stream.write(kept)
    await new Promise(setImmediate)
    expect(rowsOf(tap.end(), 2)).toEqual([['2', 'b']])
    stream.write(own)
    await new Promise(setImmediate)
    expect(driver()).toBe(Buffer.concat([own, own]).toString('latin1'))
  })

  test('values are decoded where their type asks for it', () => {
    const decoders = [decoderOf({ kind: 'boolean' }, false), decoderOf({ kind: 'bytes' }, false), text]
    expect(rowOf(dataRow(['t', '\\x00ff', 't']), 0, decoders)).toEqual([true, Buffer.from([0, 255]), 't'])
  })
})
