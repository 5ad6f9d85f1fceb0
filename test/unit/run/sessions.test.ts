import { expect, test } from 'vitest'
import { connectorNamed } from '../../../src/connectors/registry.js'
import { Sessions } from '../../../src/run/sessions.js'
import { Workspace } from '../../support/etl.js'

test('a single writer that could not be opened is opened by the next who asks', async () => {
  const place = new Workspace()
  place.target('create table t (id integer)')
  const options = { readOnly: false, baseDir: place.dir, applicationName: 'test' }
  const database = await connectorNamed('sqlite')?.open({ type: 'sqlite', path: 'target.sqlite' }, options)
  if (database === undefined) throw new Error('no connector')
  let opened = 0
  const sessions = new Sessions(database, async () => {
    if (++opened === 1) throw new Error('busy')
    return database.session({ readOnly: false })
  })
  await expect(sessions.ask(session => session.query('select 1'))).rejects.toThrow('busy')
  expect(await sessions.write(session => session.query('select 2'))).toEqual([[2]])
  expect(await sessions.ask(session => session.query('select 3'))).toEqual([[3]])
  expect(opened).toBe(2)
  await sessions.close()
  await database.close()
})
