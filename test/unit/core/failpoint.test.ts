import { afterEach, expect, test } from 'vitest'
import { EtlError } from '../../../src/core/errors.js'
import {
  armedFailpoints,
  armFailpoints,
  type Failpoint,
  failpoint,
  shareFailpoints,
} from '../../../src/core/failpoint.js'

afterEach(() => shareFailpoints(undefined))

/** Which of the hits fail, from 1. */
function failing(point: Failpoint, hits: number): number[] {
  const failed: number[] = []
  for (let hit = 1; hit <= hits; hit++) {
    try {
      failpoint(point)
    } catch {
      failed.push(hit)
    }
  }
  return failed
}

test('nothing happens at a point that nobody armed', () => {
  expect(failing('after-write', 10)).toEqual([])
  armFailpoints('before-commit:fail')
  expect(failing('after-write', 10)).toEqual([])
})

test('the named hit fails, and no other', () => {
  armFailpoints('after-write:fail@3, retry:throw')
  expect(failing('after-write', 10)).toEqual([3])
  expect(failing('retry', 10)).toEqual([1])
})

test('a star counts the hits of all points', () => {
  armFailpoints('*:fail@3')
  expect(failing('after-write', 2)).toEqual([])
  expect(failing('retry', 3)).toEqual([1])
})

test('hit 0 is every hit', () => {
  armFailpoints('after-write:fail@0')
  expect(failing('after-write', 3)).toEqual([1, 2, 3])
})

test('hits are counted over all threads', () => {
  armFailpoints('read-batch:fail@3')
  const shared = structuredClone(armedFailpoints())
  expect(failing('read-batch', 2)).toEqual([])
  shareFailpoints(shared)
  expect(failing('read-batch', 2)).toEqual([1])
})

test('one error passes, the other does not', () => {
  const kindOf = (action: string): string => {
    armFailpoints(`retry:${action}`)
    try {
      failpoint('retry')
    } catch (error) {
      return error instanceof EtlError ? `${error.code} ${error.kind}` : ''
    }
    return ''
  }
  expect(kindOf('throw')).toBe('E307 transient')
  expect(kindOf('fail')).toBe('E308 failed')
})

test.each(['', 'nowhere:kill', 'retry', 'retry:jump', 'retry:kill@', 'retry:kill,'])('%j is refused', text => {
  expect(() => armFailpoints(text)).toThrow(`ETL_FAILPOINTS: ${text.split(',').at(-1)} is no failpoint`)
})
