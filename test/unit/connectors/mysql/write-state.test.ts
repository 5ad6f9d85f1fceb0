import { expect, test } from 'vitest'
import { parseWriteState } from '../../../../src/connectors/mysql/write-state.js'

const status = (transactions: string, counter = 'Trx id counter 1814'): string => `
------------
TRANSACTIONS
------------
${counter}
Purge done for trx's n:o < 1812 undo n:o < 0 state: running but idle
History list length 3
LIST OF TRANSACTIONS FOR EACH SESSION:
${transactions}
--------
FILE I/O
--------
`

test('readers are no writers, as either server shows them', () => {
  const mysql = '---TRANSACTION 421589018593240, not started\n---TRANSACTION 421589018593241, ACTIVE 4 sec'
  const mariadb = '---TRANSACTION (0x7f2c5b3f0b80), not started\n---TRANSACTION (0x7f2c5b3f0b81), ACTIVE 4 sec'
  for (const text of [mysql, mariadb]) {
    expect(parseWriteState(status(text))).toEqual({ counter: 1814n, writing: false })
  }
})

test('who has a number may commit, also when it is idle or prepared', () => {
  for (const text of ['---TRANSACTION 1813, ACTIVE 4 sec', '---TRANSACTION 12, ACTIVE (PREPARED) 900 sec']) {
    expect(parseWriteState(status(text))).toEqual({ counter: 1814n, writing: true })
  }
})

test('nothing is known where the server does not show all', () => {
  expect(parseWriteState(status('', 'FAIL TO OBTAIN LOCK MUTEX'))).toBeUndefined()
  expect(parseWriteState(status('... truncated...'))).toBeUndefined()
  expect(parseWriteState('')).toBeUndefined()
})
