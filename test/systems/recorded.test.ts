import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPipeline } from '../../src/index.js'
import { recorded } from '../support/recorded.js'
import { abisRehearsal } from './abis/abis.js'
import { fitness } from './fitness/fitness.js'
import { openSystem } from './open.js'

test.each([fitness, abisRehearsal])(
  'recorded tests of $name pass: look-ups, refs, maps and functions',
  async system => {
    const at = await openSystem(system)
    const file = join(at.dir, 'pipeline.yaml')
    const [, profile] = system.flags ?? []
    const load = () => loadPipeline(file, { env: at.env, ...(profile === undefined ? {} : { profile }) })
    const before = await at.state()
    for (const mask of [false, true]) {
      const { problems, tests, count } = await recorded(file, { mask }, load)
      expect(problems).toEqual([])
      expect(count).toBe(tests.length)
      expect(tests.filter(one => one.expect !== undefined).length).toBeGreaterThan(count * 0.7)
      expect(tests.some(one => one.refs !== undefined)).toBe(true)
    }
    expect(await at.state()).toBe(before)
  },
)
