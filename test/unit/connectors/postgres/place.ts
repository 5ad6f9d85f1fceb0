import pg from 'pg'
import { postgres } from '../../../../src/connectors/postgres/index.js'
import { database } from '../../../databases/postgres.js'
import { opener, rowWriter, ServerPlace, withSchema } from '../server-place.js'

export { columnNamed, failure, readAll } from '../server-place.js'

export const open = opener(postgres)
export const write = rowWriter(postgres)

class Place extends ServerPlace {
  /** Sessions of the server that belong to the connector. */
  async terminate(): Promise<void> {
    const admin = new pg.Client({ connectionString: this.url.href })
    await admin.connect()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'etl test' and datname = current_database()`,
    )
    await admin.end()
  }
}

export const freshPlace = (testId: string): Place => withSchema(new Place(), database, open, testId)
