import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, type StartedEtl, startEtl, Workspace } from '../support/etl.js'

const ROWS = 400
const TIMED = { timeout: 150_000 }

const TABLES = `
  create table events (id integer not null primary key, note varchar(40));
  create table labels (id integer not null primary key, kind varchar(40));
  insert into labels values (1, 'a'), (2, 'b');
  insert into events values ${Array.from({ length: ROWS }, (_, i) => `(${i + 1}, 'event')`).join(', ')}`

const WHOLE = [[ROWS, (ROWS * (ROWS + 1)) / 2, 2]]

const schemas: TestSchema[] = []
const started: StartedEtl[] = []
afterAll(async () => {
  for (const { child, result } of started) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await result
  }
  await Promise.all(schemas.map(schema => schema.drop()))
})

class Reading {
  readonly place = new Workspace()
  readonly source: TestSchema
  readonly run: StartedEtl

  /** Some batches of `events` are loaded, `labels` is not begun, and the process is suspended. */
  static async half(database: typeof postgres): Promise<Reading> {
    const source = await database.create('altered')
    schemas.push(source)
    await source.exec(TABLES)
    const reading = new Reading(source)
    const stat = (): string => readFileSync(`/proc/${reading.run.child.pid}/stat`, 'utf8')
    while (!/^\d+ \(.*\) T /s.test(stat())) await sleep(10)
    return reading
  }

  private constructor(source: TestSchema) {
    this.source = source
    const { type, url } = source.config
    this.place.target(
      'create table events (id integer not null, note text); create table labels (id integer not null, kind text)',
    )
    this.place.write(
      'pipeline.yaml',
      `version: 1
name: altered
sources: { old: { type: ${type}, url: "${url}" } }
target: { type: sqlite, path: target.sqlite }
entities:
  events: { from: events, to: events, batch_size: 20, fields: { id: id, note: note } }
  labels: { from: labels, to: labels, fields: { id: id, kind: kind } }
`,
    )
    this.run = this.start('after-commit:stop@6')
  }

  start(failpoints: string, ...args: string[]): StartedEtl {
    const run = startEtl(['run', 'pipeline.yaml', '--yes', '--json', '--concurrency', '1', ...args], {
      cwd: this.place.dir,
      env: { ETL_FAILPOINTS: failpoints },
    })
    started.push(run)
    return run
  }

  async goOn() {
    this.run.child.kill('SIGCONT')
    const result = await this.run.result
    return { code: result.code, stderr: result.stderr, ...resultOf(result.stdout) }
  }

  loaded(): unknown[][] {
    return this.place.rows('select count(*), sum(id), (select count(*) from labels) from events')
  }

  /** What the record of the run says, beside its page. */
  record(runDir = ''): { readonly status: string; readonly error?: { readonly code: string } } {
    expect(readFileSync(`${runDir}/report.html`, 'utf8')).toMatch(/<\/html>\s*$/)
    return JSON.parse(readFileSync(`${runDir}/report.json`, 'utf8'))
  }
}

const CHANGES = [
  ['a column dropped of the table at work', 'alter table events drop column note'],
  ['the table at work emptied', 'truncate table events'],
  ['a column dropped of the table that is read next', 'alter table labels drop column kind'],
  ['the table that is read next emptied', 'truncate table labels'],
] as const

const changes = (retype: string) =>
  [...CHANGES, ['a type changed in the table that is read next', retype] as const] as const

describe('PostgreSQL', () => {
  test.each(changes('alter table labels alter column kind type varchar(1)'))(
    '%s: the server makes it wait for the run',
    TIMED,
    async (_name, change) => {
      const reading = await Reading.half(postgres)
      await expect(reading.source.exec(`set lock_timeout = '300ms'; ${change}`)).rejects.toMatchObject({
        code: '55P03',
      })
      const result = await reading.goOn()
      expect(result.code, result.stderr).toBe(0)
      expect(result.consistency).toBe('snapshot')
      expect(reading.loaded()).toEqual(WHOLE)
      await reading.source.exec(change)
    },
  )

  test('one who waits to alter the table does not stop the run for good', TIMED, async () => {
    const reading = await Reading.half(postgres)
    const altered = reading.source.exec('alter table labels drop column kind')
    const result = await reading.goOn()
    expect(result).toMatchObject({ code: 1, error: { code: 'E307' } })
    await altered
    expect(reading.record(result.runDir)).toMatchObject({ status: 'failed', error: { code: 'E307' } })
  })
})

describe('MariaDB', () => {
  test.each(changes('alter table labels modify kind varchar(1)'))(
    '%s: the server makes it wait for the run',
    TIMED,
    async (_name, change) => {
      const reading = await Reading.half(mysql)
      await expect(reading.source.exec(`set lock_wait_timeout = 1; ${change}`)).rejects.toMatchObject({ errno: 1205 })
      const result = await reading.goOn()
      expect(result.code, result.stderr).toBe(0)
      expect(result.consistency).toBe('snapshot')
      expect(reading.loaded()).toEqual(WHOLE)
      await reading.source.exec(change)
    },
  )
})
