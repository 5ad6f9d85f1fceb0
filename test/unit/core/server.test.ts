import { expect, test } from 'vitest'
import { readServer } from '../../../src/core/server.js'

const read = (more: object) =>
  readServer({ type: 'postgres', user: 'me', database: 'app', ...more }, import.meta.dirname, {
    port: 5432,
    protocols: ['postgres'],
  })

test('another machine proves who it is, by default', () => {
  expect(read({ host: 'db.example' }).sslmode).toBe('verify-full')
  expect(read({ host: '127.0.0.1' }).sslmode).toBe('disable')
  expect(read({ host: '/run/postgresql' }).sslmode).toBe('disable')
})

test.each(['disable', 'prefer', 'require', 'verify-ca'])('%s to another machine must be asked for loudly', sslmode => {
  const message = `\`sslmode: ${sslmode}\` does not prove which server answers on another machine`
  expect(() => read({ host: 'db.example', sslmode })).toThrow(message)
  expect(() =>
    read({ url: `postgres://me@db.example/app?sslmode=${sslmode}`, user: undefined, database: undefined }),
  ).toThrow(message)
  expect(read({ host: 'db.example', sslmode, insecure_tls: true }).sslmode).toBe(sslmode)
  expect(read({ host: 'localhost', sslmode }).sslmode).toBe(sslmode)
})

test('an authority of one’s own is proof without the name', () => {
  const ca = 'server.test.ts'
  expect(read({ host: 'db.example', sslmode: 'verify-ca', ssl_ca: ca }).sslmode).toBe('verify-ca')
})
