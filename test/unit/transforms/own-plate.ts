import type { OwnFunction } from '../../../src/core/own-function.js'
import { keepOwn } from '../../../src/transforms/own/registry.js'

/** The function that the reference shows for `module`. */
const plate: OwnFunction = {
  arguments: ['text'],
  result: 'text',
  examples: [{ in: 'ab 12', out: 'AB12' }],
  call: (text: string) => text.replaceAll(' ', '').toUpperCase(),
}

const key = './functions.mjs#plate'
keepOwn({ key, file: '/functions.mjs', hash: '', name: 'plate' }, plate)
