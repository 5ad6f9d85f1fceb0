import { MessageChannel } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { keyText, type Value } from '../../../src/core/row.js'
import { CachedResolver } from '../../../src/run/cached-resolver.js'
import { type Answer, AskingResolvers, answering, type Question } from '../../../src/run/thread-questions.js'

const { port1: parent, port2: thread } = new MessageChannel()
afterEach(() => {
  parent.removeAllListeners()
  thread.removeAllListeners()
})

/** What the parent was asked for, and resolvers on the other side of a real port. */
function across(answers: ReadonlyMap<string, Value>): {
  readonly asked: string[]
  readonly resolvers: AskingResolvers
} {
  const asked: string[] = []
  const knows = (name: string) =>
    new CachedResolver(async keys => {
      asked.push(`${name}: ${keys.map(([key]) => String(key)).join(' ')}`)
      const found = new Map<string, Value>()
      for (const [key] of keys) {
        const value = answers.get(`${name} ${key}`)
        if (value !== undefined) found.set(keyText([key as Value]), value)
      }
      return found
    })
  const answer = answering({ lookup: knows, ref: ref => knows(ref.entity) })
  parent.on('message', (question: Question) => void answer(question).then(given => parent.postMessage(given)))
  const resolvers = new AskingResolvers(question => thread.postMessage(question))
  thread.on('message', (given: Answer) => resolvers.answered(given))
  return { asked, resolvers }
}

const ref = { entity: 'people', kind: 'identity', onMissing: 'quarantine' } as const

test('a thread gets what its parent finds, each key asked for once; bytes stay bytes', async () => {
  const { asked, resolvers } = across(
    new Map<string, Value>([
      ['kinds a', 1n],
      ['kinds b', Buffer.from('é')],
      ['people a', '7'],
    ]),
  )
  const kinds = resolvers.lookup('kinds')
  const people = resolvers.ref(ref)
  await Promise.all([kinds.prefetch([['a'], ['b'], ['c'], ['a']]), people.prefetch([['a'], ['b']])])
  await kinds.prefetch([['c'], ['a']])
  expect([kinds.get(['a']), kinds.get(['b']), kinds.get(['c'])]).toEqual([1n, Buffer.from('é'), undefined])
  expect(Buffer.isBuffer(kinds.get(['b']))).toBe(true)
  expect([people.get(['a']), people.get(['b'])]).toEqual(['7', undefined])
  expect(new Set(asked)).toEqual(new Set(['kinds: a b c', 'people: a b']))
  expect(asked.length).toBe(2)
})

test('a thread that was stopped waits for no answer', async () => {
  const resolvers = new AskingResolvers(() => undefined)
  const waiting = resolvers.lookup('kinds').prefetch([['a']])
  resolvers.stop()
  await expect(waiting).rejects.toThrow('stopped')
})
