import { expect, test } from 'vitest'
import type { Session } from '../../../src/core/connector.js'
import { ReadingSessions } from '../../../src/run/reading-sessions.js'

test('a source has one session, closed at the end; who asks later gets none that nobody would close', async () => {
  const did: string[] = []
  const session = (name: string): Session =>
    ({
      rollback: async () => void did.push(`rollback ${name}`),
      close: async () => void did.push(`close ${name}`),
    }) as unknown as Session
  const sessions = new ReadingSessions(async name => {
    did.push(`begin ${name}`)
    return session(name)
  })
  expect(await sessions.get('crm')).toBe(await sessions.get('crm'))
  // Still being opened when the end comes.
  const late = sessions.get('shop')
  await sessions.close()
  await late
  expect(did).toEqual(['begin crm', 'begin shop', 'rollback crm', 'close crm', 'rollback shop', 'close shop'])
  await expect(sessions.get('crm')).rejects.toThrow('reading was stopped')
  expect(did).toHaveLength(6)
})
