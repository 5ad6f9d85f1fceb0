import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { CachedResolver } from '../../../src/run/cached-resolver.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('keys that were cut from rows do not keep the rows in memory', async () => {
  const resolver = new CachedResolver(async keys => new Map(keys.map(([key]) => [String(key), 1])))
  const rowOf = (i: number): string => Buffer.from(String(i).padStart(8, '0').repeat(125)).toString('latin1')
  collect()
  const before = process.memoryUsage().heapUsed
  for (let batch = 0; batch < 50; batch++) {
    await resolver.prefetch(Array.from({ length: 1000 }, (_, i) => [rowOf(batch * 1000 + i).slice(0, 40)]))
  }
  collect()
  const perKey = (process.memoryUsage().heapUsed - before) / 50_000
  expect(resolver.get([rowOf(49_999).slice(0, 40)])).toBe(1)
  // A row has 1,000 bytes.
  expect(perKey).toBeLessThan(300)
})
