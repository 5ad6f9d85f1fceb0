import { createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../../../src/connectors/mysql/spec.js'
import { columnNamed, failure, freshPlace, open, readAll, write } from './place.js'

const place = freshPlace('connection')

beforeAll(async () => {
  await place.schema.exec(`
    create table t (id int not null primary key, body varchar(600));
    insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 900) select i, repeat('x', 500) from n;
    create or replace user narrow@'%' identified by 'narrow-secret';
  `)
  await place.admin(async admin => {
    await admin.query(`grant select on ${place.url.pathname.slice(1)}.* to narrow@'%'`)
  })
})

function config(change: (url: URL) => void) {
  const url = place.url
  change(url)
  return { type: 'mysql', url: url.href }
}

const narrow = () =>
  config(url => {
    url.username = 'narrow'
    url.password = 'narrow-secret'
  })

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
    expect(error).toMatchObject({ code: 'E302', kind: 'connection', native: '1045' })
    expect(JSON.stringify(error) + error.stack).not.toContain('hunter2')
  })

  test('nobody listens', async () => {
    const port = await refusedPort()
    const error = await failure(
      open(
        config(url => {
          url.port = port
        }),
      ),
    )
    expect(error).toMatchObject({
      code: 'E301',
      kind: 'connection',
      message: 'cannot reach the server: ECONNREFUSED',
      hint: 'check `host` and `port`, and that the server runs',
    })
  })

  test('a server that never answers', async () => {
    const server = createServer(() => {})
    const port = await new Promise<string>(resolve => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(String(address !== null && typeof address === 'object' ? address.port : 0))
      })
    })
    const slow = { type: 'mysql', host: '127.0.0.1', port: Number(port), user: 'a', database: 'b', connect_timeout: 1 }
    expect(await failure(open(slow))).toMatchObject({ code: 'E301', kind: 'connection' })
    server.close()
  })

  test('an unknown database', async () => {
    const error = await failure(
      open(
        config(url => {
          url.pathname = '/nowhere'
        }),
      ),
    )
    expect(error).toMatchObject({ code: 'E303', kind: 'connection', message: "Unknown database 'nowhere'" })
  })

  test('TLS that the server does not have: refused, or done without where that was asked for', async () => {
    const tls = (sslmode: string) => open({ ...place.schema.config, sslmode })
    expect(await failure(tls('require'))).toMatchObject({ code: 'E309', message: 'the server takes no TLS' })
    expect(await failure(tls('verify-full'))).toMatchObject({ code: 'E309', kind: 'connection' })
    await (await tls('prefer')).close()
  })
})

describe('settings', () => {
  const settings = (more: object) => () => readSettings({ type: 'mysql', ...more }, '/base')

  test('a url and single keys', () => {
    expect(settings({ url: 'mysql://me:p%40ss@[::1]:3307/app?sslmode=verify-ca&connect_timeout=3' })()).toMatchObject({
      host: '::1',
      port: 3307,
      user: 'me',
      password: 'p@ss',
      database: 'app',
      sslmode: 'verify-ca',
      connectTimeoutMs: 3000,
    })
    expect(settings({ host: 'db.example', user: 'me', database: 'app' })()).toMatchObject({
      port: 3306,
      sslmode: 'verify-full',
    })
    expect(settings({ socket: 'run/my.sock', user: 'me', database: 'app' })()).toMatchObject({
      socket: '/base/run/my.sock',
      sslmode: 'disable',
    })
  })

  test.each([
    [{ url: 'mysql://me@h/app?multipleStatements=true' }, 'parameter `multipleStatements` of `url` is not taken'],
    [{ url: 'mysql://me@h/app?flags=LOCAL_FILES' }, 'parameter `flags` of `url` is not taken'],
    [{ url: 'mysql://me@h/app', user: 'you' }, '`url` and `user` say the same thing'],
    [{ url: 'postgres://me@h/app' }, '`url` is not an address'],
    [{ socket: '/s', host: 'h', user: 'me', database: 'app' }, '`socket` excludes `host` and `port`'],
    [{ user: 'me' }, 'the database is not named'],
    [{ database: 'app' }, 'the user is not named'],
  ])('%j is refused', (given, message) => {
    expect(settings(given)).toThrow(message)
  })
})

describe('a session', () => {
  test('runs one statement, not two', async () => {
    const session = await place.session()
    const error = await failure(session.query('select 1; drop table t'))
    expect(error).toMatchObject({ code: 'E308', native: '1064' })
    await session.close()
  })

  test('has the settings that keep values, whatever the server’s are', async () => {
    await place.admin(admin => admin.query(`set global sql_mode = '', global time_zone = '-05:00'`))
    try {
      const session = await place.session()
      const [row] = await session.query(
        `select @@sql_mode, @@time_zone, @@character_set_client, @@collation_connection, @@autocommit`,
      )
      expect(String(row?.[0]).split(',')).toEqual(
        expect.arrayContaining(['STRICT_ALL_TABLES', 'STRICT_TRANS_TABLES', 'NO_ZERO_DATE', 'NO_AUTO_VALUE_ON_ZERO']),
      )
      expect(row?.slice(1)).toEqual(['+00:00', 'utf8mb4', 'utf8mb4_bin', 1])
      await session.close()
    } finally {
      await place.admin(admin => admin.query(`set global sql_mode = default, global time_zone = default`))
    }
  })

  test('gives the server no file that another statement asks for', async () => {
    const session = await place.session()
    const error = await failure(session.execute(`load data local infile '/etc/passwd' into table t`))
    expect(error.code).toBe('E308')
    expect(await session.query('select count(*) from t')).toEqual([[900]])
    await session.close()
    const reading = await place.session(true)
    const refused = await failure(reading.execute(`load data local infile '/etc/passwd' into table t`))
    expect(refused.name).toBe('EtlError')
    await reading.close()
  })

  test('reads one state from begin on', async () => {
    const session = await place.session(true)
    await session.begin()
    await place.schema.exec(`insert into t values (5000, 'late')`)
    expect(await session.query('select count(*) from t')).toEqual([[900]])
    await session.commit()
    expect(await session.query('select count(*) from t')).toEqual([[901]])
    await session.close()
    await place.schema.exec('delete from t where id = 5000')
  })

  test('a table altered after begin is told so', async () => {
    await place.schema.exec('create table shape (id int not null primary key); insert into shape values (1)')
    const session = await place.session(true)
    await session.begin()
    await place.schema.exec('alter table shape add column more int, force')
    expect(await failure(session.query('select * from shape'))).toMatchObject({ code: 'E522', native: '1412' })
    await session.close()
  })
})

describe('a connection that is cut', () => {
  test('idle, and in the middle of a transaction', async () => {
    const session = await place.session()
    await session.begin()
    await session.execute(`insert into t values (6000, 'gone')`)
    await place.terminate()
    const error = await failure(session.execute(`insert into t values (6001, 'gone')`))
    expect(error).toMatchObject({ code: 'E306', kind: 'transient' })
    await expect(session.commit()).rejects.toMatchObject({ kind: 'transient' })
    await session.rollback()
    await session.close()
    expect(await place.schema.rows('select count(*) from t where id >= 6000')).toEqual([['0']])
  })

  test('in the middle of a read', async () => {
    const database = await open(place.schema.config)
    const session = await database.session({ readOnly: true })
    const spec = await (async () => {
      const table = await database.table({ table: 't' })
      return {
        from: { table: { table: 't' } },
        columns: (table?.columns ?? []).map(({ name, type }) => ({ name, type, decode: true })),
        order: [{ index: 0, nullable: false }],
        batchRows: 10,
        batchBytes: 1 << 20,
      }
    })()
    const work = (async () => {
      for await (const _ of session.read(spec, new AbortController().signal)) await place.terminate()
    })()
    expect(await failure(work)).toMatchObject({ code: 'E306', kind: 'transient' })
    await session.close()
    await database.close()
    place.database = await open(place.schema.config)
  })
})

describe('rights', () => {
  test('what the grants say', async () => {
    const database = await open(narrow())
    expect(await database.rights({ table: 't' })).toEqual({ select: true, write: false })
    const table = await database.table({ table: 't' })
    const columns = [columnNamed(table?.columns ?? [], 'id')]
    const session = await database.session({ readOnly: false })
    const spec = { table: { table: 't' }, columns, mode: 'insert', match: [] } as const
    expect(await failure(write(session, spec, [[7000]]))).toMatchObject({
      code: 'E304',
      kind: 'connection',
      native: '1142',
    })
    await session.close()
    await database.close()
  })

  test('creating a table, and what is needed of it afterwards', async () => {
    const schema = place.url.pathname.slice(1)
    const database = await open(narrow())
    const grant = (rights: string) => `grant ${rights} on \`${schema}\`.* to \`narrow\`@\`%\``
    try {
      expect(await database.missingCreateRight?.({ table: 'new' })).toEqual({
        message: `narrow@% may not create tables in schema ${schema}`,
        hint: `\`${grant('create, insert, update, delete')}\``,
      })
      await place.admin(admin => admin.query(grant('create, insert')))
      expect(await database.missingCreateRight?.({ table: 'new' })).toEqual({
        message: `narrow@% may create tables in schema ${schema}, but not update, delete there`,
        hint: `\`${grant('update, delete')}\``,
      })
      await place.admin(admin => admin.query(grant('update, delete')))
      expect(await database.missingCreateRight?.({ table: 'new' })).toBeUndefined()
    } finally {
      await database.close()
      await place.admin(admin =>
        admin.query(`revoke create, insert, update, delete on \`${schema}\`.* from \`narrow\`@\`%\``),
      )
    }
  })

  test('a server that only reads is no target', async () => {
    await place.admin(admin => admin.query('set global read_only = 1'))
    try {
      const error = await failure(open(place.schema.config))
      expect(error).toMatchObject({ code: 'E305', kind: 'connection', message: 'the server has read_only on' })
      await (await open(place.schema.config, { readOnly: true })).close()
    } finally {
      await place.admin(admin => admin.query('set global read_only = 0'))
    }
  })
})

test('a lock is freed when its connection is killed', async () => {
  const lock = await place.database.lock('killed')
  expect(await place.database.lock('killed')).toBeUndefined()
  await place.terminate()
  place.database = await open(place.schema.config)
  const again = await place.database.lock('killed')
  expect(again).toBeDefined()
  await again?.release()
  await lock?.release()
})

test('rows of a table in another database', async () => {
  const other = `${place.url.pathname.slice(1)}_o`
  await place.schema.exec(
    `create database ${other}; create table ${other}.far (id int not null primary key); insert into ${other}.far values (1), (2)`,
  )
  const table = await place.table('far', other)
  const session = await place.session(true)
  const rows = await readAll(session, {
    from: { table: { schema: other, table: 'far' } },
    columns: table.columns.map(({ name, type }) => ({ name, type, decode: true })),
    order: [{ index: 0, nullable: false }],
    batchRows: 10,
    batchBytes: 1000,
  })
  expect(rows).toEqual([[1], [2]])
  await session.close()
  await place.schema.exec(`drop database ${other}`)
})
