import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, TLSSocket } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import { EtlError } from '../../src/core/errors.js'
import { ROOT, temporaryFolder } from '../support/etl.js'

const TLS = join(ROOT, 'test/support/tls')
const key = readFileSync(join(TLS, 'server.key'), 'utf8')
const PASSWORD = 'Zx9MarkedZx9'

/** What goes on in the clear before TLS begins; resolves when it may. */
type Preface = (socket: Socket) => Promise<void>

const postgres: Preface = async socket => {
  await take(socket, 8)
  socket.write('S')
}

/** A greeting of MySQL 8 that offers TLS. */
const mysql: Preface = async socket => {
  const body = Buffer.concat([
    Buffer.from([10]),
    Buffer.from('8.0.36\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('abcdefgh\0'),
    // PROTOCOL_41, SSL, SECURE_CONNECTION, and PLUGIN_AUTH in the upper half.
    Buffer.from([0x01, 0x8a, 0x2d, 0x02, 0x00, 0x08, 0x00, 21]),
    Buffer.alloc(10),
    Buffer.from('ijklmnopqrst\0mysql_native_password\0'),
  ])
  socket.write(Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]))
  await take(socket, 36)
}

/** The request for TLS; what the client sent behind it is TLS already. */
async function take(socket: Socket, bytes: number): Promise<void> {
  await new Promise<void>(resolve =>
    socket.once('data', (data: Buffer) => {
      socket.pause()
      if (data.length > bytes) socket.unshift(data.subarray(bytes))
      resolve()
    }),
  )
}

interface Impostor {
  readonly port: number
  /** What came through TLS: a client that believes the certificate begins to log in. */
  heard(): string
}

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

async function impostor(certificate: string, preface: Preface): Promise<Impostor> {
  const secureContext = createSecureContext({ key, cert: readFileSync(join(TLS, certificate)) })
  let heard = ''
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    void preface(socket).then(() => {
      const secure = new TLSSocket(socket, { isServer: true, secureContext })
      secure.on('error', () => undefined)
      secure.on('data', data => {
        heard += data.toString('latin1')
      })
    })
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  return { port: (server.address() as AddressInfo).port, heard: () => heard }
}

const CASES = [
  ['signed by nobody', 'localhost.crt', undefined],
  ['of another host', 'server.crt', 'server.crt'],
  ['that has expired', 'expired.crt', 'expired.crt'],
] as const

describe('another server in between: certificates that nobody signed, of another host, and expired', () => {
  describe.each([
    ['postgres', postgres],
    ['mysql', mysql],
    ['oracle', async () => undefined],
  ] as const)('%s', (type, preface) => {
    test.each(CASES)('a certificate %s is refused before the login', async (_, certificate, trusted) => {
      const { port, heard } = await impostor(certificate, preface)
      const error = await open(type, port, trusted).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(EtlError)
      expect(error).toMatchObject({ code: 'E309', kind: 'connection' })
      expect(heard()).toBe('')
    })
  })
})

async function open(type: string, port: number, trusted: string | undefined): Promise<unknown> {
  const login = { user: 'me', password: PASSWORD }
  const ca = trusted === undefined ? {} : { ssl_ca: join(TLS, trusted) }
  const server = { type, ...login, host: 'localhost', port, database: 'db', sslmode: 'verify-full', ...ca }
  const config = type === 'oracle' ? { type, ...login, ...wallet(port, trusted) } : server
  return await connectorNamed(type)?.open(config, {
    readOnly: true,
    baseDir: ROOT,
    applicationName: 'test',
    create: false,
  })
}

/** Oracle's way to trust a certificate is a wallet. */
function wallet(port: number, trusted: string | undefined): object {
  const dir = join(temporaryFolder(), 'wallet')
  mkdirSync(dir)
  writeFileSync(join(dir, 'ewallet.pem'), readFileSync(join(TLS, trusted ?? 'address.crt')))
  return { connect_string: `tcps://localhost:${port}/svc`, wallet: { dir } }
}
