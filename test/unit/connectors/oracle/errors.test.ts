import { expect, test } from 'vitest'
import { toEtlError } from '../../../../src/connectors/oracle/errors.js'

const context = { where: 'oracle db:1521/app' }

test.each([
  ['ORA-00060: deadlock detected', 'E307', 'transient'],
  ['ORA-00054: resource busy', 'E307', 'transient'],
  ['ORA-08177: cannot serialize', 'E307', 'transient'],
  ['ORA-01555: snapshot too old: rollback segment', 'E307', 'transient'],
  ['ORA-01033: ORACLE initialization or shutdown in progress', 'E307', 'transient'],
  ['ORA-03113: end-of-file on communication channel', 'E306', 'transient'],
  ['NJS-500: connection to the Oracle Database was broken', 'E306', 'transient'],
  ['ORA-04065: not executed, altered or dropped stored procedure', 'E307', 'transient'],
  ['ORA-12847: retry parse of statement', 'E307', 'transient'],
  ['ORA-01410: invalid ROWID', 'E307', 'transient'],
  ['ORA-08103: object no longer exists', 'E307', 'transient'],
  ['ORA-30006: resource busy; acquire with WAIT timeout expired', 'E307', 'transient'],
  ['ORA-04020: deadlock detected while trying to lock object X', 'E307', 'transient'],
  ['ORA-08180: no snapshot found based on specified time', 'E307', 'transient'],
  ['ORA-01466: unable to read data - table definition has changed', 'E307', 'transient'],
  ['ORA-04031: unable to allocate 32 bytes of shared memory', 'E307', 'transient'],
  ['ORA-00020: maximum number of processes (300) exceeded', 'E307', 'transient'],
  ['ORA-02391: exceeded simultaneous SESSIONS_PER_USER limit', 'E307', 'transient'],
  ['ORA-12528: TNS:listener: all appropriate instances are blocking new connections', 'E307', 'transient'],
  ['NJS-040: connection request timeout', 'E307', 'transient'],
  ['ORA-02396: exceeded maximum idle time, please connect again', 'E306', 'transient'],
  ['ORA-25408: can not safely replay call', 'E306', 'transient'],
  ['NJS-521: connection to host db port 1 received end-of-file', 'E306', 'transient'],
  ['ORA-01653: unable to extend table T by 8 in tablespace USERS', 'E308', 'failed'],
  ['ORA-12660: Encryption or crypto-checksumming parameters incompatible', 'E309', 'connection'],
  ['NJS-533: Advanced Networking Option service is not supported', 'E309', 'connection'],
  ['NJS-508: TLS detected an invalid certificate. x not present in certificate', 'E309', 'connection'],
  ['NJS-500: broken\nORA-00600: internal error', 'E306', 'transient'],
  ['NJS-123: call timeout of 100 ms exceeded', 'E307', 'transient'],
  ['ORA-01017: invalid username/password', 'E302', 'connection'],
  ['ORA-28000: the account is locked', 'E302', 'connection'],
  ['NJS-518: cannot connect to Oracle Database. Service "x" is not registered', 'E303', 'connection'],
  ['NJS-503: connection to host db port 1 could not be established', 'E301', 'connection'],
  ['ORA-01031: insufficient privileges', 'E304', 'connection'],
  ['ORA-00942: table or view does not exist', 'E208', 'usage'],
  ['ORA-00904: "X": invalid identifier', 'E207', 'usage'],
  ['ORA-00933: SQL command not properly ended', 'E308', 'failed'],
  ['ORA-01400: cannot insert NULL into ("O"."T"."C")', 'E401', 'row'],
])('%s is %s, %s', (message, code, kind) => {
  expect(toEtlError(new Error(message), context)).toMatchObject({ code, kind, where: context.where })
})

test('a server older than 12.1 is told what to do', () => {
  const error = toEtlError(new Error('NJS-138: connections to this database server version are not supported'), context)
  expect(error.message).toBe('the server is older than 12.1, and thin mode cannot talk to it')
  expect(error.hint).toBe(
    '11g needs thick mode: install Oracle Instant Client 19 and set thick: { lib_dir: "/path/to/instantclient" }',
  )
})

test('a commit that found a reference broken says which', () => {
  const text =
    'ORA-02091: transaction rolled back\nORA-02291: integrity constraint (ETL.FK) violated - parent key not found'
  expect(toEtlError(new Error(text), context)).toMatchObject({
    code: 'E418',
    kind: 'row',
    native: 'ORA-02291',
    message: 'a foreign key is violated: the referenced row is missing (FK)',
  })
})

test('rows: names of columns and constraints, and never a value', () => {
  const unique =
    'ORA-00001: unique constraint (ETL.ITEM_PK) violated on table ETL.ITEM columns (ID)\nORA-03301: (ORA-00001 details) row with column values (ID:77) already exists'
  const exists = toEtlError(new Error(unique), { ...context, row: 3, exists: new Set(['ITEM_PK']) })
  expect(exists).toMatchObject({ code: 'E415', kind: 'row', row: 3, native: 'ORA-00001' })
  expect(exists.message).toBe('a unique constraint is violated (ITEM_PK)')
  expect(toEtlError(new Error(unique), { ...context, row: 3 }).code).toBe('E417')
  const number = toEtlError(new Error("ORA-01722: unable to convert string value containing 'hello' to a number"), {
    ...context,
    row: 0,
  })
  expect(number.message).toBe('a text is not a number')
  const long = toEtlError(
    new Error('ORA-12899: value too large for column "O"."T"."NAME" (actual: 9, maximum: 4)'),
    context,
  )
  expect(long).toMatchObject({ code: 'E405', column: 'NAME' })
  const trigger = toEtlError(new Error('ORA-20001: customer 77 is blocked'), { ...context, row: 1 })
  expect(trigger).toMatchObject({
    code: 'E419',
    kind: 'row',
    row: 1,
    message: 'a trigger of the database refused the row',
  })
})
