import { describe, expect, test } from 'vitest'
import { loadPipeline, type RunRecord, readRecord, startRun } from '../../src/index.js'
import { junitOf, junitXml } from '../../src/report/junit.js'
import { reportPage } from '../../src/report/page.js'
import { printable } from '../../src/ui/format.js'
import { Workspace } from '../support/etl.js'
import { readStrictly } from '../support/strict-html.js'
import { TEXTS } from './corpora/texts.js'

const hostile = [...(TEXTS.html ?? []), ...(TEXTS.terminal ?? []), ...(TEXTS.literals ?? [])]
/** Control characters, and those that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** Words of the program's own, not of files or databases. */
const OWN =
  /^(?:state|status|severity|phase|type|kind|level|format|consistency|mark|reading|runId|step|policy|code|mode|from|to)$/

function poisoned(value: unknown, text: string, key = ''): unknown {
  if (Array.isArray(value)) return value.map(item => poisoned(item, text, key))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, poisoned(part, text, name)]))
  return typeof value !== 'string' || OWN.test(key) || /^\d{4}-\d\d-/.test(value) ? value : `${value}${text}`
}

async function record(): Promise<RunRecord> {
  const place = new Workspace()
  place.source("create table T (ID integer primary key, N text); insert into T values (1, 'a'), (2, '3')")
  place.write(
    'pipeline.yaml',
    `version: 1
name: pages
description: words
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
checks: [{ sql: "select 1", expect: 1, name: one }]
entities:
  t:
    from: T
    to: { table: t, create: if_missing }
    fields: { id: ID, n: { from: N, type: integer } }
    checks: [{ unique: [n] }]
  u: { from: T, to: { table: u, create: if_missing }, depends_on: [t], fields: { id: ID, n: { from: N, type: integer, on_invalid: null } } }
`,
  )
  const stateDir = place.path('state')
  const { runDir = '' } = await (
    await startRun(await loadPipeline(place.path('pipeline.yaml')), { stateDir, backup: false, verify: 'full' })
  ).result
  const found = await readRecord(runDir)
  if (found === undefined) throw new Error('the run left no record')
  return found
}

describe('Pages and terminals: hostile text is text, wherever it is shown', () => {
  test('a page with it in every place is strict HTML with nothing but text and links within', async () => {
    const made = await record()
    for (const text of hostile) {
      const page = reportPage(poisoned(made, text) as RunRecord)
      const { elements, text: shown } = readStrictly(page)
      for (const { name, attributes } of elements) {
        expect([
          'script',
          'iframe',
          'object',
          'embed',
          'form',
          'link',
          'base',
          'img',
          'input',
          'textarea',
        ]).not.toContain(name)
        expect(
          Object.keys(attributes).filter(each => each.startsWith('on') || each === 'style' || each === 'src'),
        ).toEqual([])
        if (attributes.href !== undefined) expect(attributes.href).toMatch(/^#/)
      }
      expect(shown.replace(/[\n]/g, '')).not.toMatch(UNSAFE)
      expect(page).toContain(`content="default-src 'none'; style-src 'sha256-`.replaceAll("'", '&#39;'))
      const xml = junitXml('x', junitOf(poisoned(made, text) as RunRecord))
      expect(() => readStrictly(xml.replace(/^<\?xml[^>]*\?>\n/, ''))).not.toThrow()
    }
  })

  test('a line with it moves no cursor, sets no title and turns no direction', () => {
    for (const text of hostile) {
      const shown = printable(`before ${text} after`)
      expect(shown).not.toMatch(UNSAFE)
      expect(shown.startsWith('before ')).toBe(true)
      expect(shown.endsWith(' after')).toBe(true)
    }
  })
})
