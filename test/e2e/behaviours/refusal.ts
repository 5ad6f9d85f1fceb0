import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { type EtlResult, Workspace } from '../../support/etl.js'
import { pipeline } from './pipeline.js'

export const CANARY = 'c4nary-pa55word'
export const SQLITE_TARGET = 'target: { type: sqlite, path: target.sqlite }'

/** What every refusal owes its reader. */
export function expectTold(run: EtlResult, code: number, stderr: string | RegExp): void {
  if (typeof stderr === 'string') expect(run.stderr).toBe(stderr)
  else expect(run.stderr).toMatch(stderr)
  expect(run.code).toBe(code)
  expect(run.stdout + run.stderr).not.toContain(CANARY)
  expect(run.stderr).not.toMatch(/^\s+at .*[:(]\d+/m)
  expect(run.stderr).not.toContain('node:internal')
}

export const ENTITY = '\n  t:\n    from: T\n    to: t\n    fields: { id: ID, a: A }'

/** Two rows, a target table for them, and `text` as the file. */
export function place(text: string = pipeline(ENTITY)): Workspace {
  const made = new Workspace()
  made.source(`create table T (ID integer primary key, A text); insert into T values (1, 'a'), (2, 'b');
    create table NOKEY (A text, B text); insert into NOKEY values ('x', 'y')`)
  made.target('create table t (id integer primary key, a text)')
  made.write('pipeline.yaml', text)
  return made
}

export const untouched = (at: Workspace): void => {
  expect(at.rows('select * from t')).toEqual([])
  expect(at.rows(`select name from sqlite_master where name like 'etl%'`)).toEqual([])
  expect(existsSync(at.path('.etl/p/runs'))).toBe(false)
}
