import { expect, test } from 'vitest'
import { missingOf } from '../../../../src/connectors/oracle/create-right.js'

const rights = (space: boolean, ...privileges: string[]) => ({
  login: 'ETL',
  privileges: new Set(privileges),
  tablespace: 'USERS',
  space,
})

test('in its own schema a login needs the right and the space', () => {
  expect(missingOf(rights(true, 'CREATE SESSION'), 'ETL')).toEqual({
    message: 'ETL may not create tables in schema ETL',
    hint: '`grant create table to "ETL"`',
  })
  expect(missingOf(rights(false, 'CREATE TABLE'), 'etl')).toEqual({
    message: 'ETL has no quota on its tablespace USERS, so no table there can hold a row',
    hint: '`alter user "ETL" quota unlimited on "USERS"`',
  })
  expect(missingOf(rights(true, 'CREATE TABLE'), 'etl')).toBeUndefined()
  expect(missingOf(rights(true, 'CREATE ANY TABLE'), 'ETL')).toBeUndefined()
})

test('in another schema what it creates is not its own', () => {
  expect(missingOf(rights(true, 'CREATE TABLE', 'SELECT ANY TABLE'), 'APP')).toEqual({
    message: 'ETL may not create tables in schema APP',
    hint: '`grant create any table, insert any table, update any table, delete any table to "ETL"`',
  })
  const most = ['CREATE ANY TABLE', 'SELECT ANY TABLE', 'INSERT ANY TABLE', 'UPDATE ANY TABLE']
  expect(missingOf(rights(false, ...most), 'APP')).toEqual({
    message: 'ETL may create tables in schema APP, but lacks delete any table',
    hint: '`grant delete any table to "ETL"`',
  })
  expect(missingOf(rights(false, ...most, 'DELETE ANY TABLE'), 'APP')).toBeUndefined()
})
