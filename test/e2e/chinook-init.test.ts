import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Workspace } from '../support/etl.js'
import { captureCli } from '../unit/commands/captured-io.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from './chinook/official.js'

if (!existsSync(CHINOOK_DATA)) {
  test(`Chinook data is not here: ${CHINOOK_DATA}`, () => {
    console.warn(`Chinook data is not here: ${CHINOOK_DATA}. What etl init makes of it was NOT tested.`)
    expect(existsSync(CHINOOK_DATA)).toBe(false)
  })
} else {
  test('what etl init makes of Chinook, SQLite to the official PostgreSQL schema runs without an edit and equals the official load', async () => {
    const place = await officialPostgres()
    try {
      const work = new Workspace()
      const url = String(place.config.url)
      const made = await captureCli(
        ['init', '--from', `sqlite:${join(CHINOOK_DATA, 'Chinook_Sqlite.sqlite')}`, '--to', url, '-o', 'chinook.yaml'],
        { cwd: work.dir },
      )
      expect([made.code, made.err]).toEqual([0, ''])
      expect(made.out).toContain('\n Nothing is left to decide.\n')
      expect(readFileSync(work.path('chinook.yaml'), 'utf8')).not.toContain('decide:')
      const env = { TARGET_URL: url }
      for (const command of [['validate'], ['plan'], ['run', '--yes']]) {
        const done = await captureCli([...command, 'chinook.yaml'], { cwd: work.dir, env })
        expect(done.code, done.err).toBe(0)
      }
      expect(await rowsOf(place)).toBe(CHINOOK_ROWS)
      expect(await differences(place)).toEqual([])
    } finally {
      await place.drop()
    }
  }, 120_000)
}
