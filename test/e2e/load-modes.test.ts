import { describe, expect, test } from 'vitest'
import { countsOf, resultOf, sqliteVersion, Workspace } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'

/** Three people in the source; the target has the second already, under another name. */
function people(load: string, more = ''): Workspace {
  const place = new Workspace()
  place.source(`create table P (ID integer primary key, NAME text, NICK text);
    insert into P values (1, 'Ada', 'a'), (2, 'Grace', 'g'), (3, 'Linus', 'l')`)
  place.target(`create table people (id integer primary key, name text not null, nick text default 'none');
    insert into people values (2, 'before', 'kept')`)
  place.write(
    'pipeline.yaml',
    pipeline(`
  people:
    from: P
    to: people
    load: ${load}
    rest: ignore
    ${more}
    fields: { id: ID, name: NAME }`),
  )
  return place
}

const rows = (place: Workspace): unknown[][] => place.rows('select id, name, nick from people order by id')

describe('load modes', () => {
  test('insert: a row that exists is an error of that row', async () => {
    const place = people('insert')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      people: '3 read, 2 written, 0 skipped, 0 filtered, 1 quarantined',
    })
    expect(resultOf(run.stdout).entities[0]?.rejects).toEqual([
      { code: 'E415', message: 'a row with this key (id) exists already in people', rows: 1 },
    ])
    expect(rows(place)).toEqual([
      [1, 'Ada', 'none'],
      [2, 'before', 'kept'],
      [3, 'Linus', 'none'],
    ])
  })

  test('ignore: it is left alone and counted as skipped; a second run skips all', async () => {
    const place = people('ignore')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      people: '3 read, 2 written, 1 skipped, 0 filtered, 0 quarantined',
    })
    const again = await place.run('--json')
    expect(countsOf(resultOf(again.stdout))).toEqual({
      people: '3 read, 0 written, 3 skipped, 0 filtered, 0 quarantined',
    })
    expect(rows(place)).toEqual([
      [1, 'Ada', 'none'],
      [2, 'before', 'kept'],
      [3, 'Linus', 'none'],
    ])
  })

  test('upsert: it is updated, columns nobody maps are kept; a second run changes nothing', async () => {
    const place = people('upsert')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    expect(resultOf(run.stdout).entities[0]?.counts).toMatchObject({ read: 3, written: 3, inserted: 2, updated: 1 })
    const after = [
      [1, 'Ada', 'none'],
      [2, 'Grace', 'kept'],
      [3, 'Linus', 'none'],
    ]
    expect(rows(place)).toEqual(after)
    const again = await place.run('--json')
    expect(resultOf(again.stdout).entities[0]?.counts).toMatchObject({ written: 3, inserted: 0, updated: 3 })
    expect(rows(place)).toEqual(after)
  })

  test('update: only what is there; what is missing is an error of that row', async () => {
    const place = people('update')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(resultOf(run.stdout).entities[0]?.counts).toMatchObject({ read: 3, updated: 1, inserted: 0, quarantined: 2 })
    expect(resultOf(run.stdout).entities[0]?.rejects).toEqual([
      { code: 'E416', message: 'no row of the target has this id', rows: 2 },
    ])
    expect(rows(place)).toEqual([[2, 'Grace', 'kept']])
  })

  test('replace: the table is emptied first, in every run', async () => {
    const place = people('replace')
    for (let run = 0; run < 2; run++) {
      const { code, stdout, stderr } = await place.run('--json')
      expect(code, stderr).toBe(0)
      expect(countsOf(resultOf(stdout))).toEqual({ people: '3 read, 3 written, 0 skipped, 0 filtered, 0 quarantined' })
      expect(rows(place)).toEqual([
        [1, 'Ada', 'none'],
        [2, 'Grace', 'none'],
        [3, 'Linus', 'none'],
      ])
    }
  })

  test('match: the same row may be known by another unique key', async () => {
    const place = people('upsert', 'match: [name]')
    place.target("create unique index people_name on people (name); update people set name = 'Linus', id = 9")
    const run = await place.run('--json', '--entity', 'people')
    expect(run.code, run.stderr).toBe(0)
    expect(place.rows('select name from people order by 1')).toEqual([['Ada'], ['Grace'], ['Linus']])
    expect(place.rows('select nick from people where name = ?', 'Linus')).toEqual([['kept']])
  })

  test('without --yes a target with rows is refused, naming the flag, and nothing is written', async () => {
    const place = people('replace')
    const run = await place.etl('run', 'pipeline.yaml')
    expect(run.code).toBe(2)
    expect(run.stderr).toBe(
      [
        '✖ E514 confirmation needed',
        '  where  sqlite 3.53.2 target.sqlite',
        '  what   the run empties people, which holds rows, and loads people',
        '  hint   add --yes where this is meant; --dry-run shows what would happen',
        '',
      ]
        .join('\n')
        .replace('3.53.2', sqliteVersion()),
    )
    expect(rows(place)).toEqual([[2, 'before', 'kept']])
  })
})
