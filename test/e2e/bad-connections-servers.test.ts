import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CLI,
  type EtlResult,
  eventsOf,
  ROOT,
  resultOf,
  type StartedEtl,
  startProcess,
  Workspace,
} from '../support/etl.js'
import { type Engine, openEngine, type Place, type ServerOptions } from '../torture/engines.js'

const TLS = `${ROOT}/test/support/tls`
const FILES = {
  'server.crt': readFileSync(`${TLS}/server.crt`, 'utf8'),
  'server.key': readFileSync(`${TLS}/server.key`, 'utf8'),
}
const ROWS = 400
const LONG = { timeout: 120_000 }

interface Kind {
  readonly name: 'postgres' | 'mysql'
  readonly options: ServerOptions
  /** Makes the server present the certificate that its file holds now. */
  readonly reloadTls?: string
  /** Makes logins `secure`, which must use TLS, and `few`, which may have one connection. */
  readonly logins: string
  /** What is told: without TLS, of a certificate nobody vouches for, of one for another host, of one connection too many. */
  readonly told: Readonly<Record<'plain' | 'untrusted' | 'otherHost' | 'tooMany', unknown>>
  /** `old_t` with the numbers 1 to {@link ROWS}. */
  readonly fill: string
  /** More of the connection's block, so that a lock is waited for a second only; and what the wait ends with. */
  readonly patience: string
  readonly impatient: string
  readonly columnGone: string
}

const NUMBERS = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})`
const CHECK = 'check `sslmode` and `ssl_ca`'
const CONNECTIONS = 'raise the limit of connections, or lower `--concurrency`'

const KINDS: readonly Kind[] = [
  {
    name: 'postgres',
    options: {
      settings: {
        ssl: 'on',
        ssl_cert_file: '$ROOT/server.crt',
        ssl_key_file: '$ROOT/server.key',
        hba_file: '$ROOT/hba',
      },
      files: { ...FILES, hba: 'host all postgres,few all scram-sha-256\nhostssl all secure all scram-sha-256\n' },
    },
    logins: `create role secure login superuser password 'pw'; create role few login password 'pw' connection limit 1;
      grant create, usage on schema public to few`,
    told: {
      plain:
        'E309 no pg_hba.conf entry for host "127.0.0.1", user "secure", database "bad", no encryption (28000): the server takes this login with TLS only: set `sslmode: require`',
      untrusted: `E309 TLS failed: DEPTH_ZERO_SELF_SIGNED_CERT: ${CHECK}`,
      otherHost: `E309 TLS failed: ERR_TLS_CERT_ALTNAME_INVALID: ${CHECK}`,
      tooMany: `E307 too many connections for role "few" (53300): ${CONNECTIONS}`,
    },
    fill: `${NUMBERS} insert into old_t select i, 'row' from n`,
    patience: ', statement_timeout: 1',
    impatient: 'E307 canceling statement due to statement timeout',
    columnGone: 'E207 column "a" not found in data type t (42703)',
  },
  {
    name: 'mysql',
    reloadTls: 'flush ssl',
    options: { settings: { 'ssl-cert': '$ROOT/server.crt', 'ssl-key': '$ROOT/server.key' }, files: FILES },
    logins: `create user secure identified by 'pw' require ssl; grant all on *.* to secure;
      create user few identified by 'pw' with max_user_connections 1; grant all on *.* to few`,
    told: {
      plain:
        "E302 Access denied for user 'secure'@'127.0.0.1' (using password: YES) (1045): check `user` and `password`; a login that must use TLS needs `sslmode: require`",
      untrusted: `E309 TLS failed: self-signed certificate: ${CHECK}`,
      otherHost: expect.stringContaining("E309 TLS failed: Hostname/IP does not match certificate's altnames: "),
      tooMany: `E307 User 'few' has exceeded the 'max_user_connections' resource (current value: 1) (1226): ${CONNECTIONS}`,
    },
    fill: `insert into old_t ${NUMBERS} select i, 'row' from n`,
    patience: ', lock_timeout: 1',
    impatient: 'E307 Lock wait timeout exceeded; try restarting transaction',
    columnGone: "E207 Unknown column 'a' in 'INSERT INTO' (1054)",
  },
]

describe.each(KINDS)('$name', kind => {
  let engine: Engine
  let at: Place
  beforeAll(async () => {
    engine = await openEngine(kind.name, kind.options)
    at = await engine.create('bad', '')
    await at.exec(kind.logins)
  })
  afterAll(() => engine.stop())

  const as = (user: string, search = ''): string => {
    const url = new URL(String(at.url))
    url.username = user
    url.password = 'pw'
    url.search = search
    return url.href
  }

  /** A pipeline into, or out of, a fresh table of the server. */
  async function place(server: string, side: 'source' | 'target'): Promise<Workspace> {
    const made = new Workspace()
    const old = side === 'source' ? server : '{ type: sqlite, path: source.sqlite }'
    const fresh = side === 'target' ? server : '{ type: sqlite, path: target.sqlite }'
    made.write(
      'pipeline.yaml',
      `version: 1\nname: p${process.pid}_${made.dir.slice(-6).toLowerCase().replaceAll(/\W/g, 'x')}\nsources: { old: ${old} }\ntarget: ${fresh}\n` +
        'entities:\n  t: { from: old_t, to: t, batch_size: 50, on_error: fail, fields: { id: id, a: a } }\n',
    )
    const rows = `create table old_t (id integer primary key, a varchar(40))`
    const empty = 'create table t (id integer not null, a varchar(40))'
    if (side === 'source') {
      await at.exec(`drop table if exists old_t; ${rows}; ${kind.fill}`)
      made.target(empty)
    } else {
      made.source(`${rows}; ${NUMBERS} insert into old_t select i, 'row' from n`)
      await at.exec(`drop table if exists t; ${empty}; grant all on t to few`)
    }
    return made
  }

  const start = (made: Workspace, failpoints = ''): StartedEtl =>
    startProcess(process.execPath, [CLI, 'run', 'pipeline.yaml', '--yes', '--json'], {
      cwd: made.dir,
      env: failpoints === '' ? {} : { ETL_FAILPOINTS: failpoints },
    })

  const block = (url: string, more = ''): string => `{ type: ${kind.name}, url: "${url}"${more} }`
  /** The code, what is wrong, and what to do. */
  const told = ({ stdout, stderr }: EtlResult): string => {
    const code = resultOf(stdout).error?.code
    const [, what] = /\n {2}what {3}(.*)/.exec(stderr) ?? []
    const [, hint] = /\n {2}hint {3}(.*)/.exec(stderr) ?? []
    return [`${code} ${what}`, ...(hint === undefined ? [] : [hint])].join(': ')
  }
  const retries = ({ stdout }: EtlResult): string[] =>
    eventsOf(stdout).flatMap(({ type, code, message }) => (type === 'retry' ? [`${code} ${message}`] : []))
  const whole = `select count(*), count(distinct id) from t`
  const exact = (rows: readonly (readonly unknown[])[]): void =>
    expect(rows.map(row => row.map(Number))).toEqual([[ROWS, ROWS]])

  test('TLS that the server demands, and certificates that prove nothing', LONG, async () => {
    const ca = `, ssl_ca: ${TLS}/server.crt`
    const { plain, untrusted, otherHost } = kind.told
    for (const [mode, more, expected] of [
      ['disable', '', plain],
      ['verify-full', '', untrusted],
      ['verify-full', ca, otherHost],
    ] as const) {
      const made = await place(block(as('secure', `?sslmode=${mode}`), more), 'target')
      const run = await start(made).result
      expect({ code: run.code, told: told(run) }).toEqual({ code: 5, told: expected })
      expect(run.stdout + run.stderr).not.toContain(':pw@')
    }
    const made = await place(block(as('secure', '?sslmode=verify-ca'), ca), 'target')
    expect((await start(made).result).code).toBe(0)
    exact(await at.rows(whole))
  })

  // The driver of PostgreSQL hands the address to TLS itself.
  const { reloadTls } = kind
  if (reloadTls !== undefined) {
    test('a certificate for an address, and one for localhost', LONG, async () => {
      const [[file]] = (await at.rows('select @@ssl_cert')) as [[string]]
      const present = async (name: string): Promise<void> => {
        writeFileSync(file, readFileSync(`${TLS}/${name}`))
        await at.exec(reloadTls)
      }
      const run = async (name: string): Promise<EtlResult> => {
        await present(name)
        return start(await place(block(as('secure', '?sslmode=verify-full'), `, ssl_ca: ${TLS}/${name}`), 'target'))
          .result
      }
      try {
        const refused = await run('localhost.crt')
        expect({ code: refused.code, told: told(refused) }).toEqual({
          code: 5,
          told: `E309 TLS failed: Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: : ${CHECK}`,
        })
        expect((await run('address.crt')).code).toBe(0)
        exact(await at.rows(whole))
      } finally {
        await present('server.crt')
      }
    })
  }

  test('more connections than the login may have', LONG, async () => {
    const made = await place(block(as('few')), 'target')
    const run = await start(made).result
    expect({ code: run.code, told: told(run) }).toEqual({ code: 1, told: kind.told.tooMany })
    expect(await at.rows('select count(*) from t')).toEqual([[expect.toSatisfy(n => Number(n) === 0)]])
  })

  /** Does something while the run sleeps at a failpoint. */
  async function during(made: Workspace, failpoint: string, work: () => Promise<unknown>): Promise<EtlResult> {
    const run = start(made, failpoint)
    await Promise.race([
      new Promise<void>(resolve => {
        run.child.stderr?.on('data', (text: string) => {
          if (text.includes('failpoint ')) resolve()
        })
      }),
      run.result,
    ])
    await work()
    return run.result
  }

  test.each([
    ['target', 'after-write:sleep-1000@6'],
    ['source', 'read-batch:sleep-1000@4'],
  ] as const)('the server of the %s crashes at %s', LONG, async (side, failpoint) => {
    const made = await place(block(String(at.url)), side)
    const run = await during(made, failpoint, () => engine.crash?.() ?? Promise.resolve())
    expect(run.code, run.stderr).toBe(0)
    expect(retries(run).length).toBeGreaterThan(0)
    exact(side === 'target' ? await at.rows(whole) : made.rows(whole))
  })

  test('a lock that somebody holds: waited for, told, and tried again', LONG, async () => {
    const made = await place(block(String(at.url), kind.patience), 'target')
    await at.exec('create unique index t_id on t (id)')
    const run = start(made)
    const waited = new Promise<void>(resolve => {
      run.child.stdout?.on('data', (text: string) => {
        if (text.includes('"type":"retry"')) resolve()
      })
    })
    // The rival's row is in the way until the run has given up once.
    await at.hold(`insert into t values (${ROWS}, 'rival')`, async () => {
      await Promise.race([waited, run.result])
    })
    const result = await run.result
    expect(result.code, result.stderr).toBe(0)
    expect(new Set(retries(result))).toEqual(new Set([kind.impatient]))
    exact(await at.rows(whole))
  })

  test('a column of the target goes away during the run', LONG, async () => {
    const made = await place(block(String(at.url)), 'target')
    const run = await during(made, 'read-batch:sleep-500@4', () => at.exec('alter table t drop column a'))
    expect({ code: run.code, told: told(run) }).toEqual({ code: 2, told: kind.columnGone })
    await at.exec('alter table t add column a varchar(40)')
    const resumed = await startProcess(process.execPath, [CLI, 'run', 'pipeline.yaml', '--yes', '--resume'], {
      cwd: made.dir,
    }).result
    expect(resumed.code, resumed.stderr).toBe(0)
    exact(await at.rows(whole))
  })
})
