import driver from 'mysql2/promise'
import { mysql } from '../../../../src/connectors/mysql/index.js'
import { database } from '../../../databases/mysql.js'
import { opener, rowWriter, ServerPlace, withSchema } from '../server-place.js'

export { columnNamed, failure, readAll } from '../server-place.js'

export const open = opener(mysql)
export const write = rowWriter(mysql)

class Place extends ServerPlace {
  /** Another login's look at the server. */
  async admin<T>(work: (connection: driver.Connection) => Promise<T>): Promise<T> {
    const connection = await driver.createConnection({
      uri: this.url.href,
      rowsAsArray: true,
      multipleStatements: true,
    })
    try {
      return await work(connection)
    } finally {
      await connection.end()
    }
  }

  /** Ends the connector's sessions on this database, and leaves those of the test. */
  async terminate(): Promise<void> {
    const own = (await this.schema.rows('select connection_id()'))[0]?.[0]
    await this.admin(async admin => {
      const [rows] = await admin.query<driver.RowDataPacket[]>(
        `select id from information_schema.processlist where db = database() and id not in (connection_id(), ${own}) and command = 'Sleep'`,
      )
      for (const [id] of rows as unknown as [string][]) await admin.query(`kill ${id}`).catch(() => {})
    })
  }
}

export const freshPlace = (testId: string): Place => withSchema(new Place(), database, open, testId)
