import { expect, test } from 'vitest'
import { reachOf } from '../../../src/commands/worker.js'
import { restateAddress } from '../../../src/engine/restate/address.js'

test.each([
  ['restate://host', 'http://host:8080', 'http://host:9070'],
  ['restate://host:18080?admin=19070', 'http://host:18080', 'http://host:19070'],
  ['restate://host?admin=other:9071', 'http://host:8080', 'http://other:9071'],
  ['restates://host:443/', 'https://host:443', 'https://host:9070'],
  ['restate://[::1]:8080', 'http://[::1]:8080', 'http://[::1]:9070'],
])('%s', (url, ingress, admin) => {
  expect(restateAddress(url)).toMatchObject({ ingress, admin })
})

test.each([
  ['restate://user:secret@host', 'a Restate knows no logins'],
  ['restate://host/path', 'the address of the engine is not one of a Restate'],
  ['restate://host?admin=x', 'the address of the engine is not one of a Restate'],
  ['restate://host?other=1', 'the address of the engine is not one of a Restate'],
])('%s is refused', (url, message) => {
  expect(() => restateAddress(url)).toThrow(expect.objectContaining({ code: 'E560', kind: 'usage', message }))
})

test('a worker is called where it listens, unless it says another place', () => {
  expect(reachOf({}, 'pod')).toEqual({ port: 9080, advertise: 'http://pod:9080' })
  expect(reachOf({ listen: { host: '::1', port: 1 } }, 'pod')).toMatchObject({ advertise: 'http://[::1]:1' })
  expect(reachOf({ advertise: 'http://all:9080', engineKey: ['k'] }, 'pod')).toEqual({
    port: 9080,
    advertise: 'http://all:9080',
    keys: ['k'],
  })
})
