import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { THREATS, threatsOf } from '../security/threats.js'

const files = readdirSync('test/security', { encoding: 'utf8' }).filter(file => file.endsWith('.test.ts'))

test('every test that a threat names is there, and every file of test/security has its threat', () => {
  expect(THREATS.flatMap(({ tests = [] }) => tests).filter(file => !existsSync(file))).toEqual([])
  const known = new Set(THREATS.map(({ id }) => id))
  const strangers = files.filter(file => threatsOf(`test/security/${file}`).some(({ id }) => !known.has(id)))
  expect(strangers).toEqual([])
})

test('every file of test/security says in one line what it attacks', () => {
  const silent = files.filter(
    file => !/^describe(\.each\([^)]*\))?\(\s*['`]/m.test(readFileSync(`test/security/${file}`, 'utf8')),
  )
  expect(silent).toEqual([])
})
