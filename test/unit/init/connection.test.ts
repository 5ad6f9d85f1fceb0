import { expect, test } from 'vitest'
import { connectionText, dotenvText } from '../../../src/init/connection.js'
import { locationOf } from '../../../src/inspect/location.js'

const at = (url: string, prefix: 'SOURCE' | 'TARGET' = 'SOURCE') =>
  connectionText(url, locationOf(url), prefix, { baseDir: '/home/me', folder: '/home/me/jobs' })

test('a server is an address in a variable; its example holds no secret', () => {
  const found = at('mysql://me:TOP%20SECRET@db:3306/shop?ssl_token=HIDDEN', 'TARGET')
  expect(found.block).toEqual({ type: 'mysql', url: '${TARGET_URL}' })
  expect(found.variables).toEqual([['TARGET_URL', 'mysql://me:PASSWORD@db:3306/shop?ssl_token=SECRET']])
})

test('Oracle takes its parts, the password without an example', () => {
  const found = at('oracle://etl:TOPSECRET@ora:1522/PLANT')
  expect(found.block).toEqual({
    type: 'oracle',
    connect_string: '${SOURCE_CONNECT_STRING}',
    user: '${SOURCE_USER}',
    password: '${SOURCE_PASSWORD}',
  })
  expect(dotenvText([found])).toBe(`# Copy to .env, fill in what is secret, and keep .env out of version control.
SOURCE_CONNECT_STRING=ora:1522/PLANT
SOURCE_USER=etl
SOURCE_PASSWORD=
`)
})

test('files are named from the folder of the pipeline file; an absolute path elsewhere stays as it is', () => {
  expect(at('sqlite:old.db').block).toEqual({ type: 'sqlite', path: '../old.db' })
  expect(at('sqlite:/var/data/old.db').block).toEqual({ type: 'sqlite', path: '/var/data/old.db' })
  expect(at('/home/me/jobs/data/old.db').block).toEqual({ type: 'sqlite', path: 'data/old.db' })
  expect(at('jobs/data/people.csv').block).toEqual({ type: 'csv' })
  expect(at('exports/people.csv').block).toEqual({ type: 'csv', roots: ['../exports'] })
  expect(at('out/people.csv', 'TARGET').block).toEqual({ type: 'csv', path: '../out' })
})
