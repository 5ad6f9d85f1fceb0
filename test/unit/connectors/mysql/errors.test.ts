import { beforeAll, describe, expect, test } from 'vitest'
import { toEtlError } from '../../../../src/connectors/mysql/errors.js'
import type { WriteSpec } from '../../../../src/core/connector.js'
import type { Row } from '../../../../src/core/row.js'
import { failure, freshPlace, write } from './place.js'

const place = freshPlace('errors')

beforeAll(async () => {
  await place.schema.exec(`
    create table parent (id int not null primary key);
    create table t (
      id int not null primary key, email varchar(40) unique, name varchar(3), amount decimal(4, 2), small smallint, day date,
      at datetime, flag int check (flag < 5), parent_id int, doc longtext check (json_valid(doc)), f double, \`it's\` int,
      constraint to_parent foreign key (parent_id) references parent (id));
    insert into t (id, email) values (1, 'taken@example.com');
    create trigger refuse before insert on t for each row
      if new.name = 'bad' then signal sqlstate '45000' set message_text = 'secret-word'; end if;
  `)
})

/** The spec with types left out: what the server says when a wrong value gets as far as it. */
async function attempt(column: string, value: Row[number]) {
  const typed = await place.spec('t', ['id', column], 'insert')
  const columns = typed.columns.map(one => ({
    ...one,
    type: { kind: 'text' } as const,
    native: 'text',
    nullable: true,
  }))
  const spec: WriteSpec = { ...typed, columns }
  const session = await place.session()
  try {
    await session.begin()
    const {
      code,
      kind,
      native,
      row,
      column: named,
      message,
    } = await failure(
      write(session, spec, [
        [10, null],
        [11, value],
      ]),
    )
    return { code, kind, native, row, column: named, message }
  } finally {
    await session.rollback()
    await session.close()
  }
}

describe('messages of the server, without the row’s values', () => {
  const table = () => `\`${place.url.pathname.slice(1)}\`.\`t\``
  const cases: readonly [string, Row[number], object | (() => object)][] = [
    [
      'email',
      'taken@example.com',
      { code: 'E417', native: '1062', message: 'a row with the same value of key email exists' },
    ],
    [
      'name',
      'secret',
      { code: 'E405', native: '1406', row: 1, column: 'name', message: "Data too long for column 'name'" },
    ],
    [
      'amount',
      '123.45',
      { code: 'E403', native: '1264', row: 1, column: 'amount', message: "Out of range value for column 'amount'" },
    ],
    [
      'amount',
      'abc',
      () => ({
        code: 'E420',
        native: '1366',
        column: 'amount',
        message: `Incorrect decimal value for column ${table()}.\`amount\``,
      }),
    ],
    [
      'small',
      'it\'s" for column',
      () => ({
        code: 'E420',
        native: '1366',
        column: 'small',
        message: `Incorrect integer value for column ${table()}.\`small\``,
      }),
    ],
    [
      'day',
      '2024-02-30',
      () => ({
        code: 'E420',
        native: '1292',
        column: 'day',
        message: `Incorrect date value for column ${table()}.\`day\``,
      }),
    ],
    [
      'at',
      '2024-01-01T00:00:00Z',
      () => ({
        code: 'E420',
        native: '1292',
        column: 'at',
        message: `Incorrect datetime value for column ${table()}.\`at\``,
      }),
    ],
    ['f', '1.5x', { code: 'E420', native: '1265', column: 'f', message: "Data truncated for column 'f'" }],
    ['flag', 7, () => ({ code: 'E419', native: '4025', message: `CONSTRAINT \`t.flag\` failed for ${table()}` })],
    [
      'doc',
      '{"secret"',
      () => ({ code: 'E419', native: '4025', message: `CONSTRAINT \`t.doc\` failed for ${table()}` }),
    ],
    [
      'name',
      'bad',
      { code: 'E419', native: '1644', message: 'a trigger or procedure of the database raised an exception' },
    ],
    ["it's", 'x', { code: 'E420', native: '1366', column: "it's" }],
  ]
  test.each(cases)('%s: %j', async (column, value, expected) => {
    const error = await attempt(column, value)
    expect(error).toMatchObject({ kind: 'row', ...(typeof expected === 'function' ? expected() : expected) })
    if (String(value).length > 1) expect(error.message).not.toContain(String(value))
  })

  test('a missing reference names its constraint', async () => {
    const error = await attempt('parent_id', 987654321)
    expect(error).toMatchObject({ code: 'E418', native: '1452' })
    expect(error.message).toContain('CONSTRAINT `to_parent` FOREIGN KEY (`parent_id`) REFERENCES `parent` (`id`)')
    expect(error.message).not.toContain('987654321')
  })
})

describe('classes of errors', () => {
  const native = (errno: number, message = 'words') =>
    Object.assign(new Error(message), { errno, sqlState: 'HY000', code: 'ER_X' })
  test.each([
    [1040, 'E307', 'transient'],
    [1205, 'E307', 'transient'],
    [1213, 'E307', 'transient'],
    [2006, 'E306', 'transient'],
    [2013, 'E306', 'transient'],
    [1053, 'E306', 'transient'],
    [1044, 'E304', 'connection'],
    [1227, 'E304', 'connection'],
    [1290, 'E305', 'connection'],
    [1836, 'E305', 'connection'],
    [3159, 'E309', 'connection'],
    [1146, 'E208', 'usage'],
    [1054, 'E207', 'usage'],
    [1412, 'E522', 'failed'],
    [3819, 'E419', 'row'],
    [9999, 'E308', 'failed'],
  ])('%i is %s, %s', (errno, code, kind) => {
    expect(toEtlError(native(errno), { where: 'here' })).toMatchObject({
      code,
      kind,
      native: String(errno),
      where: 'here',
    })
  })

  test.each([
    ['ECONNRESET', 'E306', 'transient'],
    ['PROTOCOL_CONNECTION_LOST', 'E306', 'transient'],
    ['HANDSHAKE_NO_SSL_SUPPORT', 'E309', 'connection'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'E309', 'connection'],
  ])('%s is %s, %s', (code, expected, kind) => {
    const error = Object.assign(new Error('words'), { code })
    expect(toEtlError(error, { where: 'here' })).toMatchObject({ code: expected, kind })
  })

  test('MySQL 8 names the table of a key', () => {
    const message = "Duplicate entry 'secret-for key 'x'' for key 'orders.PRIMARY'"
    const error = toEtlError(native(1062, message), { where: 'here', exists: new Set(['PRIMARY']) })
    expect(error).toMatchObject({ code: 'E415', message: 'a row with this primary key exists' })
  })

  test('our own statement is not quoted back', () => {
    const error = toEtlError(native(1064, "syntax near 'secret'"), { where: 'here', rows: { columns: [], from: 0 } })
    expect(error.message).toBe('the server does not understand the statement')
  })
})
