import { describe, expect, test } from 'vitest'
import { toEtlError as mysql } from '../../src/connectors/mysql/errors.js'
import { toEtlError as oracle } from '../../src/connectors/oracle/errors.js'
import { toEtlError as postgres } from '../../src/connectors/postgres/errors.js'
import { sqliteError } from '../../src/connectors/sqlite/errors.js'
import { errorText } from '../../src/ui/error-text.js'
import { UNICODE } from '../../src/ui/theme.js'

const ROW = 'Rw7KeptRw7'

/** What a driver throws, with everything that servers and drivers hang on it. */
function thrown(message: string, more: object = {}): Error {
  return Object.assign(new Error(message), {
    detail: `Key (name)=(${ROW}) already exists.`,
    where: `COPY t, line 3, column name: "${ROW}"`,
    sql: `insert into t values ('${ROW}')`,
    sqlMessage: message,
    parameters: [ROW],
    ...more,
  })
}

const pg = (code: string, message: string, more: object = {}): unknown =>
  postgres(thrown(message, { code, severity: 'ERROR', ...more }), { where: 'postgres db' })
const my = (errno: number, sqlState: string, message: string): unknown =>
  mysql(thrown(message, { errno, sqlState, code: 'ER_X' }), { where: 'mysql db' })
const ora = (message: string, row?: number): unknown =>
  oracle(thrown(message), { where: 'oracle db', ...(row === undefined ? {} : { row }) })
const lite = (code: string, message: string): unknown => sqliteError(thrown(message, { code }), { path: 'a.sqlite' })

const ERRORS: readonly (readonly [string, () => unknown])[] = [
  ['a type of PostgreSQL', () => pg('22P02', `invalid input syntax for type integer: "${ROW}"`)],
  ['an enum of PostgreSQL', () => pg('22P02', `invalid input value for enum mood: "${ROW}"`)],
  ['a range of PostgreSQL', () => pg('22003', `value "${ROW}" is out of range for type integer`)],
  ['a zone of PostgreSQL', () => pg('22023', `time zone "${ROW}" not recognized`)],
  ['a key of PostgreSQL', () => pg('23505', 'duplicate key value violates unique constraint "t_name"')],
  ['a check of PostgreSQL', () => pg('23514', 'new row for relation "t" violates check constraint "c"')],
  ['a trigger of PostgreSQL', () => pg('P0001', `bad ${ROW}`)],
  ['a trigger with a code of its own', () => pg('XX123', `bad ${ROW}`, { routine: 'exec_stmt_raise' })],
  ['a function in another language', () => pg('XX000', `plpy.Error: ${ROW}`, { routine: 'PLy_elog_impl' })],
  ['a key of MySQL', () => my(1062, '23000', `Duplicate entry '${ROW}' for key 't.name'`)],
  ['a type of MySQL', () => my(1366, '22007', `Incorrect integer value: '${ROW}' for column 'a' at row 3`)],
  ['a cast of MySQL', () => my(1292, '22007', `Truncated incorrect INTEGER value: '${ROW}'`)],
  ['an XPath of MySQL', () => my(1105, 'HY000', `XPATH syntax error: '~${ROW}'`)],
  ['a range of MySQL', () => my(1690, '22003', `BIGINT value is out of range in '(5 - '${ROW}')'`)],
  ['a trigger of MySQL', () => my(1644, '45000', `bad ${ROW}`)],
  ['a trigger with a number of its own', () => my(31001, '45000', `bad ${ROW}`)],
  [
    'a key of Oracle',
    () => ora(`ORA-00001: unique constraint (A.B) violated\nORA-03301: row with (NAME:'${ROW}') exists`, 1),
  ],
  ['a number of Oracle', () => ora(`ORA-01722: unable to convert string value containing '${ROW}' to a number`, 1)],
  ['a trigger of Oracle', () => ora(`ORA-20001: ${ROW} is blocked\nORA-06512: at "A.T", line 3`, 1)],
  ['a procedure of Oracle', () => ora(`ORA-20001: ${ROW} is blocked`)],
  ['an unknown error of a row', () => ora(`ORA-40441: JSON syntax error near ${ROW}`, 1)],
  ['a trigger of SQLite', () => lite('SQLITE_CONSTRAINT_TRIGGER', `bad ${ROW}`)],
  ['a key of SQLite', () => lite('SQLITE_CONSTRAINT_UNIQUE', 'UNIQUE constraint failed: t.name')],
]

describe('what the servers say of a row: in no message, hint or stack, with --verbose too', () => {
  test.each(ERRORS)('%s', (_, make) => {
    const error = make()
    const text = errorText(error, { theme: { color: false, symbols: UNICODE }, verbose: true, version: '0' })
    expect(text).toMatch(/^✖ E\d{3} /)
    expect(text).not.toContain(ROW)
    expect(JSON.stringify(error)).not.toContain(ROW)
  })
})
