import oracledb from 'oracledb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OraError } from '../../../../support/tns/ora-error.js'
import type { TnsServer } from '../../../../support/tns/server.js'
import { connect, PASSWORD, rows, start } from './server.js'

for (const profile of ['12.1', '19c', '23ai'] as const) {
  describe(profile, () => {
    let server: TnsServer
    let connection: oracledb.Connection

    beforeEach(async () => {
      server = await start(profile)
      connection = await connect(server)
      await connection.execute('create table t (id number primary key, body varchar2(100))')
      await connection.executeMany(
        'insert into t values (:1, :2)',
        Array.from({ length: 500 }, (_, i) => [i, 'x'.repeat(50)]),
        {
          bindDefs: [{ type: oracledb.DB_TYPE_NUMBER }, { type: oracledb.DB_TYPE_VARCHAR, maxSize: 100 }],
        },
      )
      await connection.commit()
    })
    afterEach(async () => {
      await connection.close().catch(() => {})
      await server.close()
    })

    test('break ends a long call, and the session goes on', async () => {
      server.faults.add({ on: 'execute', match: /count/, action: { kind: 'delay', ms: 20_000 } })
      const running = rows(connection, 'select count(*) from t')
      setTimeout(() => void connection.break(), 50)
      await expect(running).rejects.toThrow(/^ORA-01013/)
      expect(await rows(connection, 'select count(*) from t')).toEqual([[500]])
    })

    test('callTimeout ends a long call, and the session goes on', async () => {
      server.faults.add({ on: 'execute', match: /count/, action: { kind: 'delay', ms: 20_000 } })
      connection.callTimeout = 100
      await expect(rows(connection, 'select count(*) from t')).rejects.toThrow(/^NJS-123/)
      connection.callTimeout = 0
      expect(await rows(connection, 'select count(*) from t')).toEqual([[500]])
    })

    test('a socket dropped in mid fetch', async () => {
      server.faults.add({ on: 'fetch', skip: 2, action: { kind: 'drop' } })
      await expect(rows(connection, 'select * from t', [], { fetchArraySize: 50, prefetchRows: 50 })).rejects.toThrow(
        /^NJS-500/,
      )
    })

    test('an answer cut in the middle of a packet', async () => {
      server.faults.add({ on: 'fetch', action: { kind: 'cut', bytes: 700 } })
      await expect(rows(connection, 'select * from t', [], { fetchArraySize: 50, prefetchRows: 50 })).rejects.toThrow(
        /^NJS-500/,
      )
    })

    test('a lost commit: dropped before it, nothing is there; its answer lost, everything is', async () => {
      await connection.execute("insert into t values (1000, 'x')")
      server.faults.add({ on: 'commit', action: { kind: 'drop' } })
      await expect(connection.commit()).rejects.toThrow(/^NJS-500/)
      const second = await connect(server)
      expect(await rows(second, 'select count(*) from t where id >= 1000')).toEqual([[0]])
      await second.execute("insert into t values (1000, 'x')")
      server.faults.add({ on: 'commit', action: { kind: 'cut', bytes: 0 } })
      await expect(second.commit()).rejects.toThrow(/^NJS-500/)
      const third = await connect(server)
      expect(await rows(third, 'select count(*) from t where id >= 1000')).toEqual([[1]])
      await third.close()
    })

    test('an error of the server at a given call', async () => {
      server.faults.add({
        on: 'execute',
        match: /from t/,
        skip: 1,
        action: { kind: 'error', error: new OraError(60, 'deadlock detected while waiting for resource') },
      })
      expect(await rows(connection, 'select count(*) from t')).toEqual([[500]])
      await expect(rows(connection, 'select count(*) from t')).rejects.toThrow('ORA-00060: deadlock detected')
      expect(await rows(connection, 'select count(*) from t')).toEqual([[500]])
    })

    test('a refused connection', async () => {
      server.faults.add({ on: 'connect', action: { kind: 'error', error: new OraError(12520, 'no handler') } })
      const { connectString } = server
      await expect(oracledb.getConnection({ user: 'etl', password: PASSWORD, connectString })).rejects.toThrow(/12520/)
    })

    test('round trips are counted', async () => {
      const before = server.calls.length
      await rows(connection, 'select id from t', [], { fetchArraySize: 100, prefetchRows: 100 })
      expect(server.calls.slice(before).map(call => call.call)).toEqual(['execute', 'fetch', 'fetch', 'fetch', 'fetch'])
    })
  })
}

test('what is not understood is refused with the text', async () => {
  const server = await start()
  const connection = await connect(server)
  await connection.execute('create table t (id number)')
  for (const [sql, part] of [
    ['begin null; end;', 'begin null'],
    ['select rank() over (order by id) from t', 'over (order by id)'],
    ['select * from t sample (10)', '(10)'],
    ['select id from t connect by level < 3', 'by level'],
    ['select id # 2 from t', '# 2 from t'],
    ["alter session set nls_sort = 'GERMAN'", 'ALTER SESSION SET NLS_SORT=GERMAN'],
  ] as const) {
    await expect(connection.execute(sql)).rejects.toThrow(`the test server does not understand: ${part}`)
  }
  await expect(connection.execute('select no_such_function(id) from t')).rejects.toThrow(
    'ORA-00904: "NO_SUCH_FUNCTION"',
  )
  await expect(connection.execute('select nothing from t')).rejects.toThrow('ORA-00904: "NOTHING": invalid identifier')
  await expect(connection.execute('select 1 from nowhere')).rejects.toThrow('ORA-00942')
  await connection.close()
  await server.close()
})
