import { createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { readSettings as readOracle } from '../../src/connectors/oracle/spec.js'
import { connectors } from '../../src/connectors/registry.js'
import { EtlError } from '../../src/core/errors.js'
import { readServer } from '../../src/core/server.js'
import { loadPipeline, PipelineError } from '../../src/index.js'
import { Workspace } from '../support/etl.js'

const server = (protocol: string, more: object) =>
  readServer({ type: protocol, ...more }, '/', { port: 1, protocols: [protocol] })

/** What the drivers understand, or once did, of an address. */
const PARAMETERS = [
  'multipleStatements=true',
  'infileStreamFactory=x',
  'flags=LOCAL_FILES',
  'localInfile=true',
  'allowLocalInfile=true',
  'socketPath=/tmp/x',
  'debug=true',
  'ssl={"rejectUnauthorized":false}',
  'ssl=no-verify',
  'rejectUnauthorized=false',
  'sslmode=no-verify',
  'sslmode=DISABLE',
  'sslmode=',
  'sslrootcert=/etc/passwd',
  'sslkey=/etc/passwd',
  'uselibpqcompat=true',
  'options=-c%20default_transaction_read_only%3Doff',
  'host=evil.example',
  'hostaddr=10.0.0.1',
  'port=1',
  'user=root',
  'password=x',
  'database=x',
  'application_name=x',
  'client_encoding=SQL_ASCII',
  'replication=database',
  'service=x',
  'passfile=/etc/passwd',
  'authPlugins=x',
  'charset=gbk',
  'timezone=x',
  'typeCast=false',
  'dateStrings=false',
  '__proto__=x',
  'constructor=x',
  'sslmode=disable&sslmode=no-verify',
  'connect_timeout=0',
  'connect_timeout=1e9',
]

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  postgres: [
    'ssl',
    'options',
    'connectionString',
    'query_timeout',
    'stream',
    'types',
    'client_encoding',
    'rejectUnauthorized',
  ],
  mysql: [
    'ssl',
    'flags',
    'multipleStatements',
    'infileStreamFactory',
    'socketPath',
    'uri',
    'authPlugins',
    'charset',
    'localInfile',
  ],
  sqlite: [
    'load_extension',
    'extension',
    'nativeBinding',
    'readonly',
    'fileMustExist',
    'uri',
    'attach',
    'pragma',
    'verbose',
  ],
  oracle: [
    'externalAuth',
    'walletLocation',
    'configDir',
    'privilege',
    'connectString',
    'sslServerDNMatch',
    'poolAlias',
    'accessToken',
  ],
  csv: ['eval', 'on_record', 'cast'],
  jsonl: ['reviver'],
}

describe('Options of the drivers: none but those that are listed, by address or by key', () => {
  test.each(PARAMETERS)('an address with ?%s', parameters => {
    for (const protocol of ['postgres', 'mysql']) {
      const error = caught(() => server(protocol, { url: `${protocol}://u:p@localhost/d?${parameters}` }))
      expect([error.code, error.kind, error.hint]).toEqual(['E103', 'usage', 'allowed: sslmode, connect_timeout'])
      expect(error.message).toMatch(/^parameter `[\w]+` of `url` is not taken$/)
    }
  })

  test('an address that is said twice, or leads elsewhere', () => {
    for (const [more, code] of [
      [{ url: 'postgres://u@localhost/d', host: 'evil.example' }, 'E215'],
      [{ url: 'postgres://u@localhost/d', sslmode: 'disable' }, undefined],
      [{ url: 'postgres://u@localhost/d?sslmode=disable', sslmode: 'verify-full' }, 'E215'],
      [{ url: 'file:///etc/passwd' }, 'E103'],
      [{ url: 'socket:/tmp/x?db=d' }, 'E103'],
      [{ url: 'mysql://u@localhost/d' }, 'E103'],
      [{ url: 'postgres://u@evil.example/d?sslmode=disable' }, 'E230'],
      [{ url: 'postgres://u@127.0.0.1.evil.example/d?sslmode=disable' }, 'E230'],
      [{ url: 'postgres://u@localhost.evil.example/d?sslmode=require' }, 'E230'],
      [{ url: 'postgres://u@localhost@evil.example/d?sslmode=disable' }, 'E230'],
      [{ url: 'postgres://u@%5B::ffff:10.0.0.1%5D/d?sslmode=disable' }, 'E103'],
    ] as const) {
      const error = attempt(() => server('postgres', more))
      expect([more.url, error?.code]).toEqual([more.url, code])
    }
  })

  test.each([
    'localhost/app?wallet_location=/tmp&ssl_server_dn_match=no',
    'tcps://evil.example/app?ssl_server_dn_match=off',
    '(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=evil.example))(SECURITY=(SSL_SERVER_DN_MATCH=FALSE)))',
    '(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=evil.example)(PORT=1521)))',
    'evil.example:1521',
  ])('an Oracle connect string that proves nothing: %s', connect_string => {
    const read = (more: object) => () =>
      readOracle({ type: 'oracle', user: 'u', password: 'p', connect_string, ...more }, '/')
    if (!connect_string.startsWith('localhost')) {
      expect(caught(read({})).code).toBe('E230')
      expect(caught(read({})).hint).toContain('insecure_tls: true')
    }
    expect(read({ insecure_tls: true })().connectString).toBe(connect_string)
  })

  test('keys that are not of the language are errors, each with the keys that are', async () => {
    const place = new Workspace()
    for (const { name } of connectors) {
      for (const key of OPTIONS[name] ?? []) {
        place.write(
          'pipeline.yaml',
          `version: 1\nname: keys\nsources: { old: { type: ${name}, ${key}: x } }\ntarget: { type: sqlite, path: t.sqlite }\nentities: { a: { from: A, to: a, fields: { c: c } } }\n`,
        )
        const error: unknown = await loadPipeline(place.path('pipeline.yaml')).catch((thrown: unknown) => thrown)
        const codes = error instanceof PipelineError ? error.diagnostics.filter(({ path }) => path.includes(key)) : []
        expect([name, key, codes.map(({ code }) => code)]).toEqual([name, key, ['E101']])
        expect(codes[0]?.hint).toBeTypeOf('string')
      }
    }
  })

  test.each([true, false])('a server that wants a file of this machine gets none (read only: %s)', async readOnly => {
    const greedy = new Greedy()
    const port = await greedy.listen()
    const mysql = connectors.find(({ name }) => name === 'mysql')
    const config = { type: 'mysql', url: `mysql://u:p@127.0.0.1:${port}/d`, connect_timeout: 5 }
    const options = { readOnly, baseDir: '/', applicationName: 'etl test' }
    const error: unknown = await mysql?.open(config, options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(EtlError)
    expect(greedy.heard.length).toBeGreaterThan(1)
    expect(Buffer.concat(greedy.heard).toString('latin1')).not.toContain('root:')
    greedy.close()
  })
})

function attempt(work: () => unknown): EtlError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof EtlError) return error
    throw error
  }
}

function caught(work: () => unknown): EtlError {
  const error = attempt(work)
  if (error === undefined) throw new Error('was not refused')
  return error
}

/** A server that answers whatever it is asked with the wish for a file of the client. */
class Greedy {
  readonly heard: Buffer[] = []
  readonly #server = createServer(socket => this.#serve(socket))

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): void {
    this.#server.close()
  }

  #serve(socket: Socket): void {
    socket.on('error', () => undefined)
    let packets = 0
    socket.write(packet(0, HELLO))
    socket.on('data', data => {
      this.heard.push(data)
      packets++
      const next = (data[3] ?? 0) + 1
      if (packets === 1) socket.write(packet(next, Buffer.from([0, 0, 0, 2, 0, 0, 0])))
      else socket.write(packet(next, Buffer.concat([Buffer.from([0xfb]), Buffer.from('/etc/passwd')])))
    })
  }
}

const packet = (sequence: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, body])
}

/** Protocol 10 of a server that can everything but TLS. */
const HELLO = Buffer.concat([
  Buffer.from('\x0a10.11.0-MariaDB\0', 'latin1'),
  Buffer.from([1, 0, 0, 0]),
  Buffer.from('12345678\0'),
  Buffer.from([0xff, 0xf7, 0x2d, 2, 0, 0xff, 0x81, 21]),
  Buffer.alloc(10),
  Buffer.from('123456789012\0'),
  Buffer.from('mysql_native_password\0'),
])
