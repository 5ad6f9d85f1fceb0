import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline, startRun } from '../../src/index.js'
import { sqliteExec, Workspace } from '../support/etl.js'
import { TEXTS } from './corpora/texts.js'

const texts = [...(TEXTS.spreadsheet ?? []), ...(TEXTS.csv ?? [])]
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

function source(place: Workspace): void {
  const rows = texts.map((text, i) => `(${i}, ${quoted(text)})`).join(', ')
  sqliteExec(
    place.path('source.sqlite'),
    `create table T (ID integer primary key, NAME text); insert into T values ${rows}`,
  )
}

async function run(place: Workspace, pipeline: string): Promise<{ readonly status: string; readonly runDir?: string }> {
  place.write('pipeline.yaml', pipeline)
  return (await startRun(await loadPipeline(place.path('pipeline.yaml')), { backup: false })).result
}

describe('Formulas in a spreadsheet: what is kept for people is none, and exported data is not changed', () => {
  test('rejected rows, records and pages open in no spreadsheet', async () => {
    const place = new Workspace()
    source(place)
    const { status, runDir } = await run(
      place,
      `version: 1
name: sheets
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { t: { from: T, to: { table: t, create: if_missing }, fields: { id: ID, n: { from: NAME, type: integer } } } }
`,
    )
    expect(status).toBe('quarantined')
    const files = readdirSync(String(runDir), { recursive: true, encoding: 'utf8' }).filter(
      name => extname(name) !== '',
    )
    expect(new Set(files.map(name => extname(name)))).toEqual(new Set(['.json', '.ndjson']))
    for (const file of files) {
      const lines = readFileSync(join(String(runDir), file), 'utf8').split('\n')
      // A program that takes any text for a table still finds no cell that begins with a formula.
      for (const line of lines) expect(line).not.toMatch(/^[=+@\t\r-]/)
      for (const line of lines) for (const cell of line.split('\t')) expect(cell).not.toMatch(/^[=+@-]/)
    }
  })

  test('a CSV target is data: every value comes back as it was', async () => {
    const place = new Workspace()
    source(place)
    const there = await run(
      place,
      `version: 1
name: there
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: csv, path: out }
entities: { t: { from: T, to: { table: t, create: if_missing }, fields: { id: ID, name: NAME } } }
`,
    )
    expect(there.status).toBe('ok')
    const back = await run(
      place,
      `version: 1
name: back
sources: { old: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: { file: out/t.csv }, to: { table: t, create: if_missing }, fields: { id: { from: id, type: integer }, name: name } }
`,
    )
    expect(back.status).toBe('ok')
    expect(place.rows('select name from t order by id').flat()).toEqual(texts)
  })
})
