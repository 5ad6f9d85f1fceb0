import { createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { failure, freshPlace, open, write } from './place.js'

const place = freshPlace('connection')

beforeAll(async () => {
  await place.schema.exec(`create table t (id int primary key, body text);
    insert into t select i, repeat('x', 500) from generate_series(1, 50000) i`)
})

function config(change: (url: URL) => void) {
  const url = place.url
  change(url)
  return { type: 'postgres', url: url.href }
}

async function refusedPort(): Promise<string> {
  return await new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(String(address !== null && typeof address === 'object' ? address.port : 0)))
    })
  })
}

describe('opening', () => {
  test('wrong password', async () => {
    const error = await failure(
      open(
        config(url => {
          url.password = 'hunter2'
        }),
      ),
    )
    expect(error).toMatchObject({
      code: 'E302',
      kind: 'connection',
      message: 'password authentication failed for user "postgres"',
    })
    expect(JSON.stringify(error) + error.stack).not.toContain('hunter2')
  })

  test('no password, whatever the environment holds', async () => {
    process.env.PGPASSWORD = decodeURIComponent(place.url.password)
    try {
      expect(
        await failure(
          open(
            config(url => {
              url.password = ''
            }),
          ),
        ),
      ).toMatchObject({ code: 'E302', kind: 'connection' })
    } finally {
      delete process.env.PGPASSWORD
    }
  })

  test('refused port', async () => {
    const port = await refusedPort()
    const error = await failure(
      open(
        config(url => {
          url.port = port
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'E301', kind: 'connection', message: 'cannot reach the server: ECONNREFUSED' })
    expect(error.where).toMatch(new RegExp(`^postgres 127\\.0\\.0\\.1:${port}/t_`))
  })

  test('a host that does not exist', async () => {
    const error = await failure(open({ type: 'postgres', host: 'no-such-host.invalid', database: 'a', user: 'b' }))
    expect(error).toMatchObject({ code: 'E301', kind: 'connection' })
  })

  test('missing database', async () => {
    const error = await failure(
      open(
        config(url => {
          url.pathname = '/nothing_here'
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'E303', kind: 'connection', message: 'database "nothing_here" does not exist' })
  })

  test('a server that answers nothing', async () => {
    const server = createServer(() => {})
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const port = (server.address() as { port: number }).port
    const error = await failure(
      open(
        config(url => {
          url.port = String(port)
          url.search = '?connect_timeout=1'
        }),
      ),
    )
    expect(error).toMatchObject({
      code: 'E301',
      kind: 'connection',
      message: 'cannot reach the server: no answer in time',
    })
    server.close()
  })

  test('TLS asked of a server without', async () => {
    const error = await failure(
      open(
        config(url => {
          url.search = '?sslmode=require'
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'E309', kind: 'connection', message: 'the server takes no TLS' })
    const preferred = await open(
      config(url => {
        url.search = '?sslmode=prefer'
      }),
    )
    await preferred.close()
  })

  test('a parameter of the URL that could change what the program does', async () => {
    const error = await failure(
      open(
        config(url => {
          url.search = '?options=-c%20x=y'
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'E103', kind: 'usage', message: 'parameter `options` of `url` is not taken' })
  })

  test('the same thing said twice', async () => {
    const error = await failure(open({ ...config(() => {}), user: 'postgres' }))
    expect(error).toMatchObject({ code: 'E215', kind: 'usage', message: '`url` and `user` say the same thing' })
  })

  test('a schema that does not exist', async () => {
    const error = await failure(open({ ...config(() => {}), schema: 'nowhere' }))
    expect(error).toMatchObject({ code: 'E208', kind: 'usage', message: 'schema nowhere does not exist' })
  })

  test('a target that only reads, which is a fine source', async () => {
    const name = place.url.pathname.slice(1)
    await place.schema.exec(`alter database "${name}" set default_transaction_read_only = on`)
    try {
      expect(await failure(open(config(() => {})))).toMatchObject({
        code: 'E305',
        kind: 'connection',
        message: 'the server has default_transaction_read_only on',
      })
      const source = await open(
        config(() => {}),
        { readOnly: true },
      )
      expect(await source.listTables()).toEqual([{ schema: 'public', table: 't' }])
      await source.close()
    } finally {
      await place.schema.exec(
        `set default_transaction_read_only = off; alter database "${name}" reset default_transaction_read_only`,
      )
    }
  })

  test('single keys and a schema of its own', async () => {
    await place.schema.exec('create schema "My ""Schema"; create table "My ""Schema".t (x int)')
    const { hostname, port, username, password, pathname } = place.url
    const database = await open({
      type: 'postgres',
      host: hostname,
      port: Number(port),
      user: username,
      password,
      database: pathname.slice(1),
      schema: 'My "Schema',
    })
    expect(await database.listTables()).toEqual([{ schema: 'My "Schema', table: 't' }])
    expect((await database.table({ table: 't' }))?.columns.map(column => column.name)).toEqual(['x'])
    const session = await database.session({ readOnly: true })
    expect(await session.query('select current_schema(), count(*) from t')).toEqual([['My "Schema', 0]])
    await session.close()
    await database.close()
    await place.schema.exec('drop schema "My ""Schema" cascade')
  })
})

test('settings that decide how values look are pinned', async () => {
  const name = place.url.pathname.slice(1)
  await place.schema.exec(`alter database "${name}" set datestyle = 'German'; alter database "${name}" set timezone = 'Asia/Tokyo';
    alter database "${name}" set bytea_output = 'escape'; alter database "${name}" set extra_float_digits = -5;
    alter database "${name}" set intervalstyle = 'iso_8601'`)
  const session = await place.session()
  expect(
    await session.query(
      `select '2024-02-29 12:00+09'::timestamptz, '2024-02-29'::date, '\\x00ff'::bytea, 0.1::float8 + 0.2::float8, '1 day'::interval`,
    ),
  ).toEqual([['2024-02-29T03:00:00Z', '2024-02-29', Buffer.from([0, 255]), 0.30000000000000004, '1 day']])
  await session.close()
  await place.schema.exec(`alter database "${name}" reset all`)
})

test('identity: one per database, without a secret', async () => {
  const other = await open(place.schema.config, { readOnly: true })
  expect(other.identity).toEqual(place.database.identity)
  await other.close()
  const admin = await open(
    config(url => {
      url.pathname = '/postgres'
    }),
  )
  expect(admin.identity.uid).not.toBe(place.database.identity.uid)
  await admin.close()
  const { hostname, port, pathname } = place.url
  expect(place.database.identity.uid).toMatch(/^postgres:\d+:\d+$/)
  expect(place.database.identity.label).toBe(
    `postgres ${place.database.identity.version} ${hostname}:${port}${pathname}`,
  )
})

describe('a connection that the server ends', () => {
  test('while reading', async () => {
    const session = await place.session(true)
    await session.begin()
    const spec = await place.readSpec('t', ['id'], { batchRows: 100 })
    let batches = 0
    const read = async () => {
      for await (const _ of session.read(spec, new AbortController().signal)) {
        if (++batches === 3) await place.terminate()
      }
    }
    expect(await failure(read())).toMatchObject({ code: 'E306', kind: 'transient' })
    // The fourth was asked for while the third was used; it may have come before the end.
    expect([3, 4]).toContain(batches)
    expect(await failure(session.query('select 1'))).toMatchObject({ code: 'E306', kind: 'transient' })
    await session.rollback()
    await session.close()
  })

  test('while writing', async () => {
    const reopened = await open(place.schema.config)
    const session = await reopened.session({ readOnly: false })
    const columns = (await reopened.table({ table: 't' }))?.columns ?? []
    await session.begin()
    const slow = session.execute('select pg_sleep(30)')
    const failed = failure(slow)
    await new Promise(resolve => setTimeout(resolve, 100))
    await place.terminate()
    expect(await failed).toMatchObject({ code: 'E306', kind: 'transient' })
    const spec = { table: { table: 't' }, columns, mode: 'insert', match: [] } as const
    expect(await failure(write(session, spec, [[100_000, 'x']]))).toMatchObject({ code: 'E306', kind: 'transient' })
    expect(await failure(session.commit())).toMatchObject({ code: 'E306', kind: 'transient' })
    await session.rollback()
    await session.close()
    await reopened.close()
  })

  test('in the middle of a copy', async () => {
    const reopened = await open(place.schema.config)
    await place.schema.exec(`create table slow (id int); create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.05); return new; end $$; create trigger slow before insert on slow for each row execute function slow()`)
    const columns = (await reopened.table({ table: 'slow' }))?.columns ?? []
    const session = await reopened.session({ readOnly: false })
    await session.begin()
    const failed = failure(
      write(
        session,
        { table: { table: 'slow' }, columns, mode: 'insert', match: [] },
        Array.from({ length: 500 }, (_, i) => [i]),
      ),
    )
    await new Promise(resolve => setTimeout(resolve, 200))
    await place.terminate()
    expect(await failed).toMatchObject({ code: 'E306', kind: 'transient' })
    await session.rollback()
    await session.close()
    await reopened.close()
    expect(await place.schema.rows('select count(*) from slow')).toEqual([['0']])
  })

  test('while nobody uses it: the next statement says so, and the process goes on', async () => {
    const reopened = await open(place.schema.config)
    const session = await reopened.session({ readOnly: true })
    await place.terminate()
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(await failure(session.query('select 1'))).toMatchObject({ code: 'E306', kind: 'transient' })
    await session.close()
    await reopened.close()
  })
})

describe('lock', () => {
  test('is held by one, and free after its release or its holder’s end', async () => {
    const [one, two] = [await open(place.schema.config), await open(place.schema.config)]
    const lock = await one.lock('pipeline a')
    expect(lock).toBeDefined()
    expect(await two.lock('pipeline a')).toBeUndefined()
    const other = await two.lock('pipeline b')
    expect(other).toBeDefined()
    await lock?.release()
    const again = await two.lock('pipeline a')
    expect(again).toBeDefined()
    await place.terminate()
    const third = await open(place.schema.config)
    expect(await third.lock('pipeline a')).toBeDefined()
    await Promise.all([one.close(), two.close(), third.close()])
    await place.terminate()
  })
})
