import { createRequire } from 'node:module'
import type { CountryCode } from 'libphonenumber-js'
import { EtlError, RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { textOf } from '../text-value.js'

// The validating libraries are large, so only a pipeline that uses them waits for them.
const load = createRequire(import.meta.url)

const phone = defineFunction({
  name: 'phone',
  family: 'contact',
  summary: 'Reads a telephone number, checks it and writes it in one form.',
  params: {
    region: Type.String({ description: 'Country of numbers without a country code, for example US', minLength: 2 }),
    format: Type.Optional(
      Type.Enum(['national', 'international', 'e164'], { description: 'How it is written', default: 'e164' }),
    ),
  },
  short: 'region',
  examples: [
    { in: '212.555.2368', params: { region: 'US', format: 'national' }, out: '(212) 555-2368' },
    { in: '+1 212 555 2368', params: { region: 'KR' }, out: '+12125552368', note: 'a country code beats the region' },
    { in: '010-1234-5678', params: { region: 'KR', format: 'international' }, out: '+82 10 1234 5678' },
    { in: '555-2368', params: { region: 'US' }, error: 'E413', note: 'no area code' },
    {
      in: '(212) 555-2368 ext. 5',
      params: { region: 'US' },
      error: 'E404',
      note: 'E.164 has no room for an extension',
    },
  ],
  prepare: ({ region, format = 'e164' }) => {
    const { isSupportedCountry, parsePhoneNumberFromString } = load(
      'libphonenumber-js',
    ) as typeof import('libphonenumber-js')
    if (!isSupportedCountry(region))
      throw new EtlError('E211', `phone: ${JSON.stringify(region)} is not a country`, {
        kind: 'usage',
        hint: 'two capital letters of ISO 3166, for example US',
      })
    const defaultCountry: CountryCode = region
    return ([value]) => {
      const number = parsePhoneNumberFromString(textOf(value), { defaultCountry, extract: false })
      if (number === undefined || !number.isValid()) throw new RowError('E413', 'the value is not a telephone number')
      if (format === 'e164') {
        if (number.ext !== undefined) throw new RowError('E404', 'the extension would be lost')
        return number.number
      }
      return format === 'national' ? number.formatNational() : number.formatInternational()
    }
  },
})

let isEmail: typeof import('validator/lib/isEmail.js').default | undefined

const email = defineFunction({
  name: 'email',
  family: 'contact',
  summary: 'Trims, lower-cases and checks an e-mail address; nothing else is changed.',
  params: {
    lowercase: Type.Optional(
      Type.Enum(['all', 'domain', 'none'], { description: 'What is written in lower case', default: 'all' }),
    ),
  },
  short: 'lowercase',
  examples: [
    { in: ' Jane.Doe+x@Example.COM ', out: 'jane.doe+x@example.com', note: 'dots and tags stay' },
    { in: 'Jane@Example.COM', params: { lowercase: 'domain' }, out: 'Jane@example.com' },
    { in: 'jane@', error: 'E413' },
    { in: 'Jane <jane@example.com>', error: 'E413' },
  ],
  prepare:
    ({ lowercase = 'all' }) =>
    ([value]) => {
      isEmail ??= (load('validator/lib/isEmail.js') as typeof import('validator/lib/isEmail.js')).default
      const text = textOf(value).trim()
      const at = text.lastIndexOf('@')
      const address =
        lowercase === 'all'
          ? text.toLowerCase()
          : lowercase === 'none' || at < 0
            ? text
            : text.slice(0, at) + text.slice(at).toLowerCase()
      if (!isEmail(address)) throw new RowError('E413', 'the value is not an e-mail address')
      return address
    },
})

let isUrl: typeof import('validator/lib/isURL.js').default | undefined

const url = defineFunction({
  name: 'url',
  family: 'contact',
  summary: 'Trims and checks a web address (http, https, ftp).',
  params: {
    protocol: Type.Optional(
      Type.Enum(['https', 'http'], {
        description: 'Put in front of an address that has none; default: that is an error',
      }),
    ),
  },
  short: 'protocol',
  examples: [
    { in: ' https://example.com/a?b=1 ', out: 'https://example.com/a?b=1' },
    { in: 'example.com', params: { protocol: 'https' }, out: 'https://example.com' },
    { in: 'example.com', error: 'E413' },
    { in: 'javascript:alert(1)', params: { protocol: 'https' }, error: 'E413' },
  ],
  prepare:
    ({ protocol }) =>
    ([value]) => {
      isUrl ??= (load('validator/lib/isURL.js') as typeof import('validator/lib/isURL.js')).default
      const text = textOf(value).trim()
      const address = protocol === undefined || /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `${protocol}://${text}`
      if (!isUrl(address, { protocols: ['http', 'https', 'ftp'], require_protocol: true }))
        throw new RowError('E413', 'the value is not a web address')
      return address
    },
})

export const contactFunctions = [phone, email, url] as const
