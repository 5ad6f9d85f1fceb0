import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oracle } from '../../../../src/connectors/oracle/index.js'
import { EtlError } from '../../../../src/core/errors.js'
import { OraError } from '../../../support/tns/ora-error.js'
import type { TnsServer } from '../../../support/tns/server.js'
import { PASSWORD, start } from './wire/server.js'

const SECRET = 'not-the-password'
const THICK = 'install Oracle Instant Client 19 and set thick: { lib_dir: "/path/to/instantclient" }'

// On the protocol server alone: it refuses what it is told to.
let server: TnsServer
let folder: string

beforeAll(async () => {
  server = await start()
  folder = mkdtempSync(join(tmpdir(), 'etl-oracle-'))
  const address = `(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=${server.port}))`
  writeFileSync(
    join(folder, 'tnsnames.ora'),
    `BOOKS =\n  (DESCRIPTION = ${address}\n    (CONNECT_DATA = (SERVICE_NAME = ${server.service})))\n`,
  )
  writeFileSync(join(folder, 'ewallet.pem'), 'this is no certificate')
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The error of a connection that must fail. Nothing secret may be in it. */
async function failure(more: Record<string, unknown>): Promise<unknown> {
  const config = { type: 'oracle', connect_string: server.connectString, user: 'etl', password: SECRET, ...more }
  try {
    const opened = await oracle.open(config, { readOnly: true, baseDir: folder, applicationName: 'etl test' })
    await opened.close()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(EtlError)
    const { message, stack, hint, where, cause } = error as EtlError
    for (const text of [message, stack, hint, where, JSON.stringify(cause)]) {
      expect(text ?? '').not.toContain(SECRET)
      expect(text ?? '').not.toContain(PASSWORD)
    }
    return error
  }
}

/** A port of something that is no database. */
async function withListener<T>(answer: (socket: Socket) => void, work: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>()
  const listener = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => answer(socket))
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  try {
    return await work((listener.address() as AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => listener.close(resolve))
  }
}

describe('connect strings', () => {
  const whole = () =>
    `(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=${server.port}))(CONNECT_DATA=(SERVICE_NAME=${server.service})))`
  test.each([
    [
      'host and service',
      () => ({ connect_string: undefined, host: '127.0.0.1', port: server.port, service: server.service }),
    ],
    ['Easy Connect', () => ({ connect_string: server.connectString })],
    ['Easy Connect with parameters', () => ({ connect_string: `tcp://${server.connectString}?connect_timeout=5` })],
    ['a whole description', () => ({ connect_string: whole() })],
    ['a name of tnsnames.ora beside the pipeline', () => ({ connect_string: 'books', tns_admin: '.' })],
  ])('%s', async (_, config) => {
    const given = Object.entries({ password: PASSWORD, ...config() }).filter(([, value]) => value !== undefined)
    const base = { type: 'oracle', user: 'etl' } as const
    const opened = await oracle.open(
      { ...base, ...Object.fromEntries(given) },
      { readOnly: true, baseDir: folder, applicationName: 'etl test' },
    )
    expect(opened.identity.version).toBe('19.3.0.0.0')
    await opened.close()
  })

  test.each([
    [
      'a name that tnsnames.ora lacks',
      { connect_string: 'PAYROLL', tns_admin: '.' },
      'NJS-517',
      'tnsnames.ora does not have the name',
      'check `connect_string`',
    ],
    [
      'a folder without tnsnames.ora',
      { connect_string: 'BOOKS', tns_admin: 'elsewhere' },
      'NJS-520',
      'the folder of `tns_admin` has no tnsnames.ora',
      'check `tns_admin`',
    ],
    [
      'a name and no folder',
      { connect_string: 'BOOKS' },
      'NJS-516',
      '`connect_string` is taken for a name of tnsnames.ora, and there is no such file to look in',
      'set `tns_admin`, or write `host:port/service`',
    ],
    [
      'what cannot be read',
      { connect_string: 'db:port:x/app', insecure_tls: true },
      'NJS-515',
      '`connect_string` cannot be read',
      'write `host:port/service`, `tcps://host:port/service`, `(DESCRIPTION=…)` or a name of tnsnames.ora',
    ],
  ])('%s', async (_, config, native, message, hint) => {
    expect(await failure(config)).toMatchObject({ code: 'E301', kind: 'connection', native, message, hint })
  })
})

describe('the address', () => {
  test('nobody listens', async () => {
    expect(await failure({ connect_string: '127.0.0.1:1/svc', connect_timeout: 2 })).toMatchObject({
      code: 'E301',
      kind: 'connection',
      native: 'NJS-503',
      message: 'the server cannot be reached',
      hint: 'check the address, and that the listener runs',
      where: 'oracle 127.0.0.1:1/svc',
    })
  })

  test('a name that nobody knows', async () => {
    expect(await failure({ connect_string: 'no-such-host.invalid:1521/svc', insecure_tls: true })).toMatchObject({
      code: 'E301',
      native: 'NJS-530',
      message: 'the host name cannot be resolved',
    })
  })

  test('a server that says nothing', async () => {
    const found = await withListener(
      () => {},
      port => failure({ connect_string: `127.0.0.1:${port}/svc`, connect_timeout: 1 }),
    )
    expect(found).toMatchObject({ code: 'E301', native: 'NJS-510', message: 'the server does not answer in time' })
  })

  test('a listener that wants TLS, and is not asked for it', async () => {
    // What TLS answers to something else: a fatal alert, and the end.
    const found = await withListener(
      socket => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 70])),
      port => failure({ connect_string: `127.0.0.1:${port}/svc` }),
    )
    expect(found).toMatchObject({
      code: 'E301',
      kind: 'connection',
      native: 'NJS-500',
      message: 'the server closed the connection before the login',
      hint: 'where the listener wants TLS, connect by `tcps://host:port/service`',
    })
  })

  test('TLS to a listener that has none', async () => {
    const found = await withListener(
      socket => socket.destroy(),
      port => failure({ connect_string: `tcps://127.0.0.1:${port}/svc` }),
    )
    expect(found).toMatchObject({
      code: 'E309',
      kind: 'connection',
      native: 'NJS-506',
      message: 'the TLS handshake failed',
    })
  })

  test.each([
    ['a wallet that is not there', 'nowhere', 'E301', 'NJS-512', 'a parameter of the connection is not right'],
    ['a wallet that is none', '.', 'E309', 'NJS-505', 'TLS failed'],
  ])('%s', async (_, dir, code, native, message) => {
    const wallet = { dir, password: SECRET }
    expect(await failure({ connect_string: `tcps://127.0.0.1:${server.port}/svc`, wallet })).toMatchObject({
      code,
      native,
      message,
    })
  })
})

describe('the listener and the login', () => {
  test('an unknown service', async () => {
    expect(await failure({ connect_string: `127.0.0.1:${server.port}/nowhere` })).toMatchObject({
      code: 'E303',
      kind: 'connection',
      native: 'NJS-518',
      message: 'the listener does not know the service',
      hint: 'check `service` or `connect_string`',
    })
  })

  test.each([
    [12520, 'E301', 'NJS-511', 'the listener refuses the connection'],
    [12660, 'E301', 'NJS-511', 'the listener refuses the connection'],
  ])('refused by the listener: ORA-%i', async (code, etl, native, message) => {
    server.faults.add({ on: 'connect', action: { kind: 'error', error: new OraError(code, 'refused') } })
    expect(await failure({})).toMatchObject({ code: etl, native, message })
  })

  test('a wrong password is asked once', async () => {
    const before = server.calls.length
    expect(await failure({})).toMatchObject({
      code: 'E302',
      kind: 'connection',
      native: 'ORA-01017',
      message: 'the login is refused',
      hint: 'check `user` and `password`; a few more tries lock the account',
    })
    expect(server.calls.slice(before).filter(call => call.call === 'login')).toHaveLength(1)
  })

  test.each([
    [28000, 'E302', 'the account is locked', 'ask an administrator to unlock it'],
    [28001, 'E302', 'the password has expired', 'set a new password'],
    [1045, 'E302', 'the login lacks CREATE SESSION', 'grant it'],
    [
      12660,
      'E309',
      'the server demands encryption',
      `use \`tcps://\`, or thick mode for Native Network Encryption: ${THICK}`,
    ],
    [1033, 'E307', 'the database is starting or stopping', undefined],
    [18, 'E307', 'the server has too many sessions', 'lower `pool.max`'],
  ])('the login answers ORA-%i', async (number, code, message, hint) => {
    server.faults.add({ on: 'login', action: { kind: 'error', error: new OraError(number, 'no') } })
    const native = `ORA-${String(number).padStart(5, '0')}`
    expect(await failure({ password: PASSWORD })).toMatchObject({ code, message, native, hint })
  })

  test('a connection lost in mid login', async () => {
    server.faults.add({ on: 'login', action: { kind: 'drop' } })
    expect(await failure({ password: PASSWORD })).toMatchObject({
      code: 'E301',
      kind: 'connection',
      message: 'the server closed the connection before the login',
    })
  })

  test('a session that does not keep its settings', async () => {
    server.faults.add({ on: 'execute', match: /^alter session set NLS/, action: { kind: 'skip' } })
    expect(await failure({ password: PASSWORD })).toMatchObject({
      code: 'E308',
      message: 'the session does not keep the settings that values are read and written by',
      hint: 'look for what changes NLS settings or the time zone behind it: a proxy, or a trigger',
    })
  })

  test('thick mode after thin mode', async () => {
    expect(await failure({ thick: { lib_dir: '/nowhere' } })).toMatchObject({
      code: 'E310',
      kind: 'connection',
      message: 'thin mode is in use already',
      hint: 'one process can use only one mode: give every oracle block the same `thick`',
    })
  })
})
