import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings, unprovenHosts } from '../../../../src/connectors/oracle/spec.js'
import { temporaryFolder } from '../../../support/etl.js'

const LOGIN = { type: 'oracle', user: 'etl', password: 'secret' }

test('host, port and service make a connect string', () => {
  expect(readSettings({ ...LOGIN, host: 'localhost', service: 'app' }, '/x').connectString).toBe('localhost:1521/app')
  expect(readSettings({ ...LOGIN, host: '::1', port: 1522, service: 'app' }, '/x').connectString).toBe('[::1]:1522/app')
  expect(readSettings({ ...LOGIN, connect_string: 'tcps://db:2484/app' }, '/x').connectString).toBe(
    'tcps://db:2484/app',
  )
})

test('defaults, and folders beside the pipeline file', () => {
  const settings = readSettings(
    { ...LOGIN, connect_string: 'PROD', tns_admin: 'net', wallet: { dir: 'wallet', password: 'w' }, thick: {} },
    '/pipelines',
  )
  expect(settings).toEqual({
    connectString: 'PROD',
    user: 'etl',
    password: 'secret',
    schema: undefined,
    tnsAdmin: '/pipelines/net',
    wallet: { dir: '/pipelines/wallet', password: 'w' },
    pool: { min: 0, max: 10 },
    thick: { libDir: undefined },
    connectTimeout: 20,
    callTimeoutMs: 0,
    keepaliveMinutes: 1,
  })
})

test('what is missing or said twice', () => {
  const read = (config: Record<string, unknown>) => () => readSettings({ ...LOGIN, ...config }, '/x')
  expect(read({})).toThrow('the database is not named')
  expect(read({ host: 'db' })).toThrow('the service is not named')
  expect(read({ connect_string: 'x', host: 'db' })).toThrow('`connect_string` and `host` say the same thing')
  expect(read({ connect_string: 'x', pool: { min: 5, max: 2 } })).toThrow('`pool.min` is larger than `pool.max`')
})

test('a server on another machine proves itself by TLS, or the file says that it need not', () => {
  const read =
    (connect_string: string, more: object = {}) =>
    () =>
      readSettings({ ...LOGIN, connect_string, ...more }, '/x')
  const message =
    'a connection without TLS, or with `ssl_server_dn_match` off, does not prove which server answers on another machine'
  expect(read('db.example:1521/app')).toThrow(message)
  expect(read('(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example)(PORT=1521)))')).toThrow(message)
  expect(read('db.example:1521/app', { insecure_tls: true })().connectString).toBe('db.example:1521/app')
  expect(read('127.0.0.1:1521/app')().connectString).toBe('127.0.0.1:1521/app')
})

test.each([
  ['db.example:1521/app', ['db.example']],
  ['//db.example/app', ['db.example']],
  ['tcp://a,b:1522/app?x=y', ['a', 'b']],
  ['[::1]:1521/app', ['::1']],
  ['tcps://db.example:2484/app', []],
  ['PROD', []],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=a)))', []],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=a))(ADDRESS=(PROTOCOL = TCP)(HOST = b)))', ['a', 'b']],
  ['db.example:1521', ['db.example']],
  ['tcp://db.example', ['db.example']],
  ['db.example?sdu=1', ['db.example']],
  [' tcps://db.example/app?ssl_server_dn_match=OFF', ['db.example']],
  ['tcps://db.example/app?sdu=1&tls_server_dn_match="no"', ['db.example']],
  ['tcps://db.example/app?ssl_allow_weak_dn_match=on', ['db.example']],
  ['tcps://db.example/app?ssl_server_dn_match=on', []],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=a))(SECURITY=(SSL_SERVER_DN_MATCH = no)))', ['a']],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=a))(SECURITY=(TLS_SERVER_DN_MATCH=\n"off")))', ['a']],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL="TCP")(HOST="a b")))', ['ab']],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=a))(ADDRESS=(HOST=b)))', ['a', 'b']],
  ['(DESCRIPTION=(FAILOVER=(PROTOCOL=TCPS))(ADDRESS=(HOST=a)(PROTOCOL=TCP)))', ['a']],
  ['(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=a)(PROTOCOL=TCPS)))', ['a']],
  ['(DESCRIPTION=(ADDRESS=(HOST=a)(NOTE=")(PROTOCOL=TCPS)")))', ['a']],
  ['//db.example', ['db.example']],
])('plain hosts of %s', (connectString, hosts) => {
  expect(unprovenHosts(connectString)).toEqual(hosts)
})

test.each([
  ['plain = (DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example)(PORT=1521)))', 'plain', true],
  ['PLAIN, OTHER =\n  (DESCRIPTION =\n # (PROTOCOL=TCPS)\n (ADDRESS = (HOST = db.example)))', 'other', true],
  ['PLAIN = db.example:1521/app', 'plain', true],
  ['SAFE = tcps://db.example:2484/app', 'safe', false],
  ['SAFE = (DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db.example)))\nPLAIN = db.example:1521/app', 'safe', false],
  ['TWICE = tcps://db.example/app\nTWICE = db.example/app', 'twice', true],
  ['HERE = (DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)))', 'here', false],
  ['IFILE = more.ora', 'anything', true],
])('tnsnames.ora with %s: %s is refused: %s', (text, name, refused) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tnsnames.ora'), text)
  const read = () => readSettings({ type: 'oracle', connect_string: name, tns_admin: '.', user: 'etl' }, folder)
  if (refused) expect(read).toThrow(expect.objectContaining({ code: 'E230', kind: 'usage' }))
  else expect(read().connectString).toBe(name)
})

test('a name that Oracle’s own libraries may find elsewhere is refused', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tnsnames.ora'), '')
  const config = { type: 'oracle', connect_string: 'books', tns_admin: '.', user: 'etl', thick: {} }
  expect(() => readSettings(config, folder)).toThrow('a name that `tnsnames.ora` itself does not describe')
  expect(readSettings({ ...config, insecure_tls: true }, folder).connectString).toBe('books')
})
