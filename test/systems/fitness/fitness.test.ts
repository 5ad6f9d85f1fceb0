import { beforeAll, expect, test } from 'vitest'
import { type EtlResult, resultOf } from '../../support/etl.js'
import { type OpenSystem, openSystem } from '../open.js'
import { fitness, sourceHash } from './fitness.js'

let at: OpenSystem
let run: EtlResult
let hash: string
let empty: string
beforeAll(async () => {
  at = await openSystem(fitness)
  hash = sourceHash(at.dir)
  empty = await at.state()
  run = await at.etl('run', '--yes', '--json')
})

test('every row arrives, is verified, and the source is as it was', async () => {
  expect(run.code, run.stderr).toBe(0)
  expect(resultOf(run.stdout)).toMatchObject({ status: 'ok', verification: { state: 'verified' } })
  const counts = resultOf(run.stdout).entities.map(({ name, counts }) => [name, counts.read, counts.written])
  expect(counts).toEqual([
    ['users', 7, 7],
    ['clients', 10, 10],
    ['assessments', 7, 7],
    ['packages', 5, 5],
    ['sessions', 7, 7],
    ['payments', 6, 6],
    ['fee_audit', 0, 0],
  ])
  expect(sourceHash(at.dir)).toBe(hash)
})

test('names are split, hashes are as Django reads them, times have their zone', async () => {
  expect(await at.server.rows('select first_name, last_name from accounts_user where username = $$trainer3$$')).toEqual(
    [['Ada', 'King']],
  )
  const korean = await at.server.rows(
    `select count(*) from accounts_user where first_name = '' and length(last_name) = 3`,
  )
  expect(korean).toEqual([['6']])
  const hashes = await at.server.rows(`select count(*) from accounts_user where password like 'bcrypt$$2b$12$%'`)
  expect(hashes).toEqual([['7']])
  const joined = `select to_char(date_joined at time zone 'Asia/Seoul', 'YYYY-MM-DD HH24:MI:SS') from accounts_user where username = 'trainer1'`
  expect(await at.server.rows(joined)).toEqual([['2021-01-02 00:00:00']])
})

test('the second holder of an address gets the ruled one, and a warning names the address', async () => {
  expect(
    await at.server.rows(
      `select username, email from accounts_user where username in ('trainer2', 'trainer3') order by 1`,
    ),
  ).toEqual([
    ['trainer2', 'trainer2@gym.example'],
    ['trainer3', 'trainer2+trainer3@gym.example'],
  ])
  const check = await at.etl('check')
  expect(check.code, check.stdout).toBe(0)
  expect(check.stdout).toContain('one e-mail for two trainers')
  expect(check.stdout).toContain('trainer2@gym.example')
})

test('both unions remember where each row came from, and a missing trainer is the client’s', async () => {
  expect(await at.server.rows('select origin, count(*) from sessions_session group by 1 order by 1')).toEqual([
    ['sessions', '4'],
    ['training_sessions', '3'],
  ])
  expect(await at.server.rows('select origin, count(*) from sessions_payment group by 1 order by 1')).toEqual([
    ['payment_records', '2'],
    ['payments', '4'],
  ])
  const strangers = `select count(*) from sessions_session s join clients_client c on c.id = s.client_id
    where s.trainer_id <> c.trainer_id`
  expect(await at.server.rows(strangers)).toEqual([['0']])
})

test('the parts of every fee add up, to the won', async () => {
  const fees = `select gross_amount, vat_amount, card_fee_amount, net_amount from sessions_payment order by gross_amount, origin, origin_id`
  expect(await at.server.rows(fees)).toEqual([
    ['1', '0', '0', '1'],
    ['77777', '7778', '2722', '67277'],
    ['77777', '7778', '2722', '67277'],
    ['333333', '33333', '11667', '288333'],
    ['550000', '55000', '19250', '475750'],
    ['1234567', '123457', '43210', '1067900'],
  ])
  const wrong = `select count(*) from sessions_sessionpackage where gross_amount <> vat_amount + card_fee_amount + net_amount
    or remaining_sessions > total_sessions`
  expect(await at.server.rows(wrong)).toEqual([['0']])
})

test('undo takes all of it back', async () => {
  const undone = await at.etl('undo', 'last', '--yes')
  expect(undone.code, undone.stderr).toBe(0)
  expect(await at.state()).toBe(empty)
  expect(sourceHash(at.dir)).toBe(hash)
})
