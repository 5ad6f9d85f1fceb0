import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import type { Database } from '../../src/core/connector.js'
import { claimOf } from '../../src/run/claim-ledger.js'
import { type ChunkRef, Ledger } from '../../src/run/ledger.js'
import { Sessions, transaction } from '../../src/run/sessions.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'

let schema: TestSchema
let target: Database
let sessions: Sessions
let ledger: Ledger
beforeAll(async () => {
  schema = await postgres.create('claims')
  const connector = connectorNamed('postgres')
  if (connector === undefined) throw new Error('no connector')
  target = await connector.open(schema.config, { readOnly: false, baseDir: '.', applicationName: 'etl test' })
  sessions = Sessions.ofTarget(target, false)
  ledger = new Ledger(target, undefined)
  await sessions.write(session => ledger.prepare(session))
  await sessions.write(session =>
    transaction(session, () => ledger.insertChunks(session, 'r1', 'item', 'load', [{ chunk: 0, done: false }])),
  )
})
afterAll(async () => {
  await sessions?.close()
  await target?.close()
  await schema?.drop()
})

function delivery(epoch: number, attempt: number): ChunkRef & { readonly claim: number } {
  return { runId: 'r1', entity: 'item', pass: 'load', chunk: 0, epoch, claim: claimOf(epoch, attempt) }
}

function take(ref: ChunkRef): Promise<void> {
  return sessions.write(session => transaction(session, () => ledger.claims.take(session, ref, undefined)))
}

function fence(ref: ChunkRef): Promise<void> {
  return sessions.write(session => transaction(session, () => ledger.claims.fence(session, ref)))
}

test('a later delivery fences an earlier one, also of an earlier epoch, and not the other way round', async () => {
  const fenced = { code: 'E510', message: expect.stringContaining('chunk 0 of item was given to another worker') }
  await take(delivery(1, 1))
  await fence(delivery(1, 1))
  await take(delivery(1, 2))
  await expect(fence(delivery(1, 1))).rejects.toMatchObject(fenced)
  await expect(take(delivery(1, 1))).rejects.toMatchObject(fenced)
  await fence(delivery(1, 2))
  await take(delivery(2, 1))
  await expect(fence(delivery(1, 2))).rejects.toMatchObject(fenced)
  await fence(delivery(2, 1))
})

test('what no engine delivered is not looked at', async () => {
  const { claim: _, ...local } = delivery(1, 1)
  await expect(fence(local)).resolves.toBeUndefined()
})

test('what an earlier delivery has open in the target is ended with the next', async () => {
  const own = Sessions.ofTarget(target, false)
  const old = await target.session({ readOnly: false })
  try {
    await old.begin()
    await ledger.claims.take(old, delivery(3, 1), await old.id?.())
    await old.commit()
    await old.begin()
    await ledger.claims.fence(old, delivery(3, 1))
    await own.ask(session => ledger.claims.endEarlier(target, session, delivery(3, 2)))
    await take(delivery(3, 2))
    await expect(old.query('select 1')).rejects.toMatchObject({ kind: 'transient' })
  } finally {
    await own.close()
    await old.close()
  }
})
