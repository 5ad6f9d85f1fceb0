import { expect, test } from 'vitest'
import { sqlite } from '../../../../src/connectors/sqlite/index.js'
import type { Value } from '../../../../src/core/row.js'
import { makeFile, open, openSession, temporaryFolder, writeSpec } from './files.js'

/** What SQLite stores: class and literal, or the code of the refusal. */
const STORED: readonly (readonly [string, readonly (readonly [Value, string])[]])[] = [
  [
    'decimal(12,2)',
    [
      ['0', 'integer 0'],
      ['-0', 'integer 0'],
      ['00', 'integer 0'],
      ['007', 'integer 7'],
      ['+7', 'integer 7'],
      ['-7', 'integer -7'],
      ['7.', 'integer 7'],
      ['.5', 'real 0.5'],
      ['-.5', 'real -0.5'],
      ['-0.0', 'integer 0'],
      ['0.10', 'real 0.1'],
      ['-0.10', 'real -0.1'],
      ['12.50', 'real 12.5'],
      ['12.00', 'integer 12'],
      ['000000000000000.1', 'real 0.1'],
      ['999999999999999', 'integer 999999999999999'],
      ['9999999999999999', 'integer 9999999999999999'],
      ['99999999999999.9', 'real 99999999999999.906'],
      ['999999999999999.9', 'real 999999999999999.88'],
      ['0.000000000000001', 'real 1.0e-15'],
      ['0.0000000000000001', 'real 1.0e-16'],
      ['123456789012.345', 'real 123456789012.345'],
      ['1234567890123.456', 'real 1234567890123.4561'],
      ['9223372036854775807', 'integer 9223372036854775807'],
      ['9223372036854775808', 'E404'],
      ['9007199254740993', 'integer 9007199254740993'],
      ['-', "text '-'"],
      ['.', "text '.'"],
      ['1e5', 'integer 100000'],
      [' 7', 'integer 7'],
      ['NaN', "text 'NaN'"],
    ],
  ],
  [
    'boolean',
    [
      ['true', 'integer 1'],
      ['false', 'integer 0'],
      ['t', 'integer 1'],
      ['f', 'integer 0'],
      ['T', 'E407'],
      [true, 'integer 1'],
      [false, 'integer 0'],
    ],
  ],
  [
    'date',
    [
      ['2024-02-29', "text '2024-02-29'"],
      ['20240229', 'integer 20240229'],
      ['1234-', "text '1234-'"],
      ['123-4', "text '123-4'"],
      ['1e5-3', "text '1e5-3'"],
      ['123e-5', 'E404'],
      ['abc', "text 'abc'"],
      ['a\ud800', 'E409'],
    ],
  ],
  [
    'timestamp',
    [
      ['2024-02-29T03:04:05.500', "text '2024-02-29 03:04:05.500'"],
      ['2024-02-29 03:04:05Z', "text '2024-02-29 03:04:05+00:00'"],
      ['2024-02-29T03:04:05+02:00', "text '2024-02-29 03:04:05+02:00'"],
      ['2024-02-29', "text '2024-02-29'"],
    ],
  ],
  [
    'any',
    [
      [true, 'integer 1'],
      [false, 'integer 0'],
    ],
  ],
  [
    '',
    [
      [true, 'integer 1'],
      [false, 'integer 0'],
    ],
  ],
]

test.each(STORED)('a column %j stores each value as it always has', async (declared, values) => {
  const folder = temporaryFolder()
  makeFile(folder, `create table t (id integer primary key, v ${declared})`)
  const target = await open(folder)
  const spec = await writeSpec(target, 't', ['id', 'v'])
  const payload = structuredClone(sqlite.encoder(spec).encode(values.map(([value], id) => [id, value])))
  const session = await openSession(target)
  await session.begin()
  const writer = await session.writer(spec)
  const found: [Value, string][] = []
  for (const [id, [value]] of values.entries()) {
    const refused = await writer.write(payload, id, id + 1).then(
      () => undefined,
      (error: { code: string }) => error.code,
    )
    const [row] = await session.query("select typeof(v) || ' ' || quote(v) from t where id = ?", [id])
    found.push([value, refused ?? String(row?.[0])])
  }
  await session.commit()
  expect(found).toEqual(values)
})
