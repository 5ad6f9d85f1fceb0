import oracledb from 'oracledb'
import { afterEach, describe, expect, test } from 'vitest'
import type { TnsServer } from '../../../../support/tns/server.js'
import { connect, PASSWORD, rows, start } from './server.js'

let server: TnsServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

const VERSIONS = { '12.1': '12.1.0.2.0', '19c': '19.3.0.0.0', '23ai': '23.4.0.24.5' } as const

for (const profile of ['12.1', '19c', '23ai'] as const) {
  describe(profile, () => {
    for (const [user, verifier] of [
      ['etl', '12c'],
      ['old', '11g'],
    ] as const) {
      test(`login with the ${verifier} verifier`, async () => {
        server = await start(profile)
        const connection = await connect(server, user)
        expect(connection.oracleServerVersionString).toBe(VERSIONS[profile])
        expect(await rows(connection, 'select user from dual')).toEqual([[user.toUpperCase()]])
        await connection.ping()
        await connection.close()
      })

      test(`a wrong password with the ${verifier} verifier`, async () => {
        server = await start(profile)
        const { connectString } = server
        await expect(oracledb.getConnection({ user, password: 'wrong', connectString })).rejects.toThrow(
          /^ORA-01017: invalid username\/password/,
        )
      })
    }

    test('an unknown user looks like a wrong password', async () => {
      server = await start(profile)
      const { connectString } = server
      await expect(oracledb.getConnection({ user: 'nobody', password: PASSWORD, connectString })).rejects.toThrow(
        /^ORA-01017/,
      )
    })

    test('an unknown service', async () => {
      server = await start(profile)
      const connectString = `127.0.0.1:${server.port}/elsewhere`
      await expect(oracledb.getConnection({ user: 'etl', password: PASSWORD, connectString })).rejects.toThrow(
        /^NJS-518/,
      )
    })

    test('a long descriptor', async () => {
      server = await start(profile)
      const connectString = `(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=${server.port}))(CONNECT_DATA=(SERVICE_NAME=${server.service})(MODULE=${'x'.repeat(300)})))`
      const connection = await oracledb.getConnection({ user: 'etl', password: PASSWORD, connectString })
      expect(await rows(connection, 'select 1 from dual')).toEqual([[1]])
      await connection.close()
    })
  })
}
