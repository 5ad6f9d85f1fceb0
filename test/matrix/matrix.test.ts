import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, temporaryFolder } from '../support/etl.js'
import { compare } from './compare.js'
import type { Loaded, Measured } from './measure.js'
import { load, measure, narrowedOf, PASSES, TABLE } from './measure.js'
import { NARROWED } from './narrowed.js'
import { page } from './page.js'
import type { OpenPlace } from './places/types.js'
import { sources, targets } from './places.js'

const ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia']
const PAGE = join(ROOT, 'docs/value-matrix.md')

const dir = temporaryFolder()
const loaded: Loaded[] = []
const opened: OpenPlace[] = []
/** By target, in UTC. */
const measured = new Map<string, Measured>()

beforeAll(async () => {
  for (const place of sources) loaded.push(await load(place, dir))
})
afterAll(async () => {
  for (const open of [...loaded.map(one => one.open), ...opened]) await open.drop()
})

function loadedFrom(name: string): Loaded {
  const found = loaded.find(one => one.place.name === name)
  if (found === undefined) throw new Error(`${name} is not loaded`)
  return found
}

function measuredInto(name: string): Measured {
  const found = measured.get(name)
  if (found === undefined) throw new Error(`${name} is not measured`)
  return found
}

test.each(sources.filter(one => one.file === undefined).map(one => one.name))(
  '%s holds what the matrix says, by its own functions',
  async name => {
    const { open, items } = loadedFrom(name)
    const stored = await open.read(TABLE)
    const other = items.flatMap(({ id, kind, label, text }) => {
      const cell = stored.get(id)?.get(kind.name) ?? null
      return compare(kind.form, text, cell) === 'changed' ? [[kind.name, label, text, cell]] : []
    })
    expect(other).toEqual([])
  },
)

describe.each(targets.map(one => one.name))('into %s', name => {
  let target: OpenPlace

  beforeAll(async () => {
    const place = targets.find(one => one.name === name)
    if (place === undefined) throw new Error(`no target ${name}`)
    target = await place.create(dir, name)
    opened.push(target)
    measured.set(name, await measure(loaded, target, dir, name, 'UTC', PASSES))
  })

  test.each(sources.map(one => one.name))('no value from %s changes without a word', source => {
    const { items } = loadedFrom(source)
    for (const pass of PASSES) {
      const outcomes = measuredInto(name).outcomes.get(`${source}_${pass}`) ?? new Map()
      const silent = items.flatMap(({ id, kind, label }) => {
        const outcome = outcomes.get(id)
        return outcome?.is === 'changed' || outcome?.is === 'lost' ? [[pass, kind.name, label, outcome]] : []
      })
      expect(silent).toEqual([])
    }
  })

  test('what types narrower than the source would lose is refused, or counted where the file allows it', {
    timeout: 120_000,
  }, async () => {
    const { result, outcomes } = measuredInto(name)
    const { entities } = JSON.parse(measuredInto(name).plan) as {
      entities: { name: string; conversions: { field: string; risk: string }[] }[]
    }
    for (const { place, items } of loaded) {
      const strict = outcomes.get(`${place.name}_strict`)
      const lossy = outcomes.get(`${place.name}_lossy`)
      const losing = items.filter(item => narrowedOf(item)?.kept[item.label] !== undefined)
      for (const item of losing) {
        const where = [place.name, item.kind.name, item.label]
        expect([...where, strict?.get(item.id)]).toEqual([...where, { is: 'refused', code: narrowedOf(item)?.refused }])
      }
      const counted = result.entities.find(one => one.name === `${place.name}_lossy`)?.losses ?? []
      const expected = NARROWED.map(({ kind }) => ({
        field: kind,
        rows: losing.filter(item => item.kind.name === kind && lossy?.get(item.id)?.is === 'lossy').length,
      }))
      expect([place.name, counted.toSorted((a, b) => (a.field < b.field ? -1 : 1))]).toEqual([place.name, expected])
      const planned = entities.find(one => one.name === `${place.name}_lossy`)?.conversions ?? []
      for (const { kind } of NARROWED)
        expect([place.name, kind, planned.find(one => one.field === kind)?.risk]).not.toContain('lossless')
    }
  })

  // Files are written by the same code in all zones; one more than UTC shows that.
  const others = targets.find(one => one.name === name)?.file === undefined ? ZONES.slice(1) : ZONES.slice(-1)
  test.each(others)('the same in TZ=%s', { timeout: 120_000 }, async zone => {
    const there = await measure(loaded, target, dir, name, zone, ['whole'])
    for (const [entity, outcomes] of there.outcomes)
      expect([entity, ...outcomes]).toEqual([entity, ...(measuredInto(name).outcomes.get(entity) ?? [])])
  })
})

test('docs/value-matrix.md says what was measured; ETL_TEST_WRITE_MATRIX=1 writes it', () => {
  const { version } = loadedFrom('mysql').open
  if (process.env.ETL_TEST_ORACLE_URL !== undefined || version?.includes('MariaDB') !== true) {
    console.warn('docs/value-matrix.md is about MariaDB and the Oracle Net server of the tests: not compared')
    return
  }
  const text = page(loaded, measured)
  if (process.env.ETL_TEST_WRITE_MATRIX === '1') writeFileSync(PAGE, text)
  expect(readFileSync(PAGE, 'utf8')).toBe(text)
})
