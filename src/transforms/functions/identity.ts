import { createHash, randomUUID } from 'node:crypto'
import { EtlError, RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { codePointIndex, codePoints, textOf } from '../text-value.js'

const uuid = defineFunction({
  name: 'uuid',
  family: 'identity',
  summary: 'A random UUID (version 4), whatever the value; every run gives another one, so it cannot be verified.',
  values: { min: 0, max: Number.POSITIVE_INFINITY },
  pure: false,
  nullIn: 'call',
  examples: [{ in: null, note: 'a different one each time' }],
  prepare: () => () => randomUUID(),
})

/** The name spaces that RFC 9562 names. */
const NAMESPACES: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
}

const uuid5 = defineFunction({
  name: 'uuid5',
  family: 'identity',
  summary: 'A UUID made from the value (version 5): the same value gives the same one in every run.',
  params: {
    namespace: Type.String({ description: 'A UUID of your own, or dns, url, oid, x500' }),
    with: Type.Optional(Type.String({ description: 'Between several values', default: ':' })),
  },
  short: 'namespace',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  examples: [
    { in: 'www.example.com', params: { namespace: 'dns' }, out: '2ed6657d-e927-568b-95e1-2665a8aea6a2' },
    {
      in: 42,
      params: { namespace: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' },
      out: '7c411b5e-9d3f-50b5-9c28-62096e41c4ed',
    },
  ],
  prepare: params => {
    const namespace = NAMESPACES[params.namespace] ?? params.namespace
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(namespace))
      throw new EtlError('E211', 'uuid5: the namespace is not a UUID', {
        kind: 'usage',
        hint: 'or one of dns, url, oid, x500',
      })
    const seed = Buffer.from(namespace.replaceAll('-', ''), 'hex')
    const separator = params.with ?? ':'
    return values => {
      const name = values.map(textOf).join(separator)
      const bytes = createHash('sha1').update(seed).update(name, 'utf8').digest().subarray(0, 16)
      bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50
      bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    }
  },
})

const hash = defineFunction({
  name: 'hash',
  family: 'identity',
  summary:
    'A fingerprint of text (as UTF-8) or bytes, in hexadecimal. Guessable values can be found again: it is no mask.',
  params: {
    algorithm: Type.Optional(
      Type.Enum(['sha256', 'sha512', 'sha1', 'md5'], { description: 'Which fingerprint', default: 'sha256' }),
    ),
    salt: Type.Optional(Type.String({ description: 'Put in front of the value', default: '' })),
  },
  short: 'algorithm',
  examples: [
    { in: 'abc', out: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
    { in: 'abc', params: { algorithm: 'md5' }, out: '900150983cd24fb0d6963f7d28e17f72' },
    { in: Buffer.from('abc'), params: { algorithm: 'sha1' }, out: 'a9993e364706816aba3e25717850c26c9cd0d89d' },
  ],
  prepare:
    ({ algorithm = 'sha256', salt = '' }) =>
    ([value]) =>
      createHash(algorithm)
        .update(salt, 'utf8')
        .update(Buffer.isBuffer(value) ? value : Buffer.from(textOf(value), 'utf8'))
        .digest('hex'),
})

const mask = defineFunction({
  name: 'mask',
  family: 'identity',
  summary: 'Hides all characters but the last ones.',
  params: {
    keep_last: Type.Optional(Type.Integer({ description: 'Characters left readable', minimum: 0, default: 4 })),
    with: Type.Optional(Type.String({ description: 'One character for each hidden one', minLength: 1, default: '*' })),
  },
  short: 'keep_last',
  examples: [
    { in: '4111111111111111', out: '************1111' },
    { in: 'abc', params: { keep_last: 4 }, out: '***', note: 'a short value is hidden whole' },
  ],
  prepare: ({ keep_last: keep = 4, with: cover = '*' }) => {
    if (codePoints(cover) !== 1)
      throw new EtlError('E211', 'mask: with must be one character', { kind: 'usage', hint: 'for example "*"' })
    return ([value]) => {
      const text = textOf(value)
      const size = codePoints(text)
      if (size > 100_000) throw new RowError('E413', 'the text is too long to mask')
      const hidden = size > keep ? size - keep : size
      return cover.repeat(hidden) + text.slice(codePointIndex(text, hidden))
    }
  },
})

export const identityFunctions = [uuid, uuid5, hash, mask] as const
