import oracledb from 'oracledb'
import { expect, test } from 'vitest'
import { connect, rows, start } from './server.js'

for (const profile of ['12.1', '19c', '23ai'] as const) {
  for (const user of ['etl', 'old']) {
    test(`${profile} ${user}`, async () => {
      const server = await start(profile)
      const connection = await connect(server, user)
      expect(await rows(connection, "select 'hello', 1.5, 100, user from dual")).toEqual([
        ['hello', 1.5, 100, user.toUpperCase()],
      ])
      await connection.execute('create table t (id number(10) primary key, name varchar2(20) not null)')
      const r = await connection.executeMany(
        'insert into t values (:1, :2)',
        [
          [1, 'a'],
          [2, 'b'],
        ],
        { bindDefs: [{ type: oracledb.DB_TYPE_NUMBER }, { type: oracledb.DB_TYPE_VARCHAR, maxSize: 10 }] },
      )
      expect(r.rowsAffected).toBe(2)
      await connection.commit()
      expect(await rows(connection, 'select * from t where id > :1 order by id desc', [0])).toEqual([
        [2, 'b'],
        [1, 'a'],
      ])
      await connection.close()
      await server.close()
    })
  }
}
