import fc from 'fast-check'
import { expect, test } from 'vitest'
import { membersOf, NotAnObject } from '../../../../src/connectors/jsonl/members.js'

test('numbers keep every digit', () => {
  const line =
    '{"a":12345678901234567890,"b":-9007199254740993,"c":1.10,"d":1e3,"e":-0,"f":9007199254740991,"g":0.1,"h":7}'
  expect([...membersOf(line)]).toEqual([
    ['a', 12345678901234567890n],
    ['b', -9007199254740993n],
    ['c', '1.10'],
    ['d', '1e3'],
    ['e', '-0'],
    ['f', 9007199254740991],
    ['g', '0.1'],
    ['h', 7],
  ])
})

test('what is nested is the text it is', () => {
  const nested = '{ "x" : [1.10, "}\\"]", {"y":null}] }'
  expect([...membersOf(` {"a" : ${nested} ,"b":[ ],"c":true , "d":false,"e":null}\r`)]).toEqual([
    ['a', nested],
    ['b', '[ ]'],
    ['c', true],
    ['d', false],
    ['e', null],
  ])
})

test('names and texts are unescaped; any name is a name', () => {
  const line = '{"__proto__":"\\u00e9\\n\\\\","constructor":"\\"","\\u0061b":"","":"😀"}'
  expect([...membersOf(line)]).toEqual([
    ['__proto__', 'é\n\\'],
    ['constructor', '"'],
    ['ab', ''],
    ['', '😀'],
  ])
  expect([...membersOf('{}')]).toEqual([])
})

test.each([
  ['[1]', 'the line is not a JSON object'],
  ['null', 'the line is not a JSON object'],
  ['"x"', 'the line is not a JSON object'],
  ['{"a":1', 'the line is not valid JSON'],
  ['{"a":01}', 'the line is not valid JSON'],
  ["{'a':1}", 'the line is not valid JSON'],
  ['{"a":1}{"b":2}', 'the line is not valid JSON'],
  ['{"a":1,"\\u0061":2}', 'two members have the same name'],
])('%s is no row', (line, message) => {
  expect(() => membersOf(line)).toThrow(new NotAnObject(message))
})

test('what JSON writes comes back', () => {
  const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.constant(null), fc.maxSafeInteger())
  const json = fc.oneof(
    scalar,
    fc.jsonValue().filter(value => typeof value === 'object'),
  )
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), json),
      fc.constantFrom(undefined, 1, '\t'),
      (object, space) => {
        const members = membersOf(JSON.stringify(object, null, space))
        expect([...members.keys()]).toEqual(Object.keys(object))
        for (const [name, value] of members) {
          const expected = object[name]
          const nested = typeof expected === 'object' && expected !== null
          // JSON has one zero only.
          expect(nested ? JSON.stringify(JSON.parse(String(value))) : value).toEqual(
            nested ? JSON.stringify(expected) : Object.is(expected, -0) ? 0 : expected,
          )
        }
      },
    ),
  )
})
