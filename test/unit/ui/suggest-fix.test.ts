import { expect, test } from 'vitest'
import { suggestFix } from '../../../src/ui/suggest-fix.js'

const entity = {
  fields: {
    email: { from: 'EMAIL', apply: ['email'], required: true },
    phone: { from: 'PHONE', apply: ['phone'] },
    owner: { from: 'OWNER', ref: 'people', required: true },
  },
}

const fieldLine = (text: string): string | undefined => text.split('\n').at(-1)?.trim()

test('a value that is required is not made null', () => {
  expect(fieldLine(suggestFix({ entity: 'p', field: 'email', code: 'E413' }, entity))).toBe(
    'email: { from: EMAIL, apply: [ email ], required: true, on_invalid: default, default: CHANGE_ME }',
  )
  expect(fieldLine(suggestFix({ entity: 'p', field: 'owner', code: 'E412' }, entity))).toBe(
    'owner: { from: OWNER, ref: people, required: true, on_missing: null, default: CHANGE_ME }',
  )
  expect(fieldLine(suggestFix({ entity: 'p', field: 'phone', code: 'E413' }, entity))).toBe(
    'phone: { from: PHONE, apply: [ phone ], on_invalid: null }',
  )
})

test('a column of the target that the file does not fill gets a value', () => {
  const cause = { entity: 'p', field: 'branch', code: 'E401' } as const
  expect(fieldLine(suggestFix(cause, entity))).toBe('branch: { value: CHANGE_ME }')
  expect(fieldLine(suggestFix(cause, { ...entity, rest: 'copy' }))).toBe('branch: { from: branch, default: CHANGE_ME }')
})
