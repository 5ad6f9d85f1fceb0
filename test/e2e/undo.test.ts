import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startJob } from '../../src/job/job.js'
import { loadPipeline } from '../../src/load/load.js'
import type { UndoOptions, UndoResult } from '../../src/undo/api.js'
import { undoRun } from '../../src/undo/undo.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase } from '../databases/types.js'
import { runEtl, Workspace } from '../support/etl.js'

const LONG = { timeout: 180_000 }
const ROWS = 40

/** Every load mode, over tables that held rows before and tables that did not. */
const ENTITIES = `
  items: { from: ITEM, to: items, fields: { name: NAME } }
  lines: { from: LINE, to: item_lines, fields: { id: ID, item_id: { from: ITEM_ID, ref: items } } }
  people: { from: PERSON, to: people, defer: [boss], fields: { id: ID, name: NAME, boss: BOSS } }
  fresh: { from: ITEM, to: t_fresh, load: insert, fields: { id: ID, name: NAME } }
  more: { from: ITEM, to: t_more, load: insert, fields: { id: { expr: { "+": [ { var: ID }, 1000 ] } }, name: NAME } }
  ignored: { from: ITEM, to: t_ignore, load: ignore, fields: { id: ID, name: NAME } }
  upserted: { from: ITEM, to: t_upsert, load: upsert, fields: { id: ID, name: NAME } }
  updated: { from: LESS, to: t_update, load: update, fields: { id: ID, name: NAME } }
  replaced: { from: ITEM, to: t_replace, load: replace, fields: { id: ID, name: NAME } }
  made: { from: ITEM, to: { table: t_made, create: if_missing }, fields: { id: ID, name: NAME } }
`

const SOURCE = `
  create table ITEM (ID integer primary key, NAME text not null);
  create table LINE (ID integer primary key, ITEM_ID integer);
  create table LESS (ID integer primary key, NAME text);
  create table PERSON (ID integer primary key, NAME text, BOSS integer);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < ${ROWS})
  insert into ITEM select i, 'new ' || i from n;
  insert into LINE select ID, ID from ITEM;
  insert into LESS select ID, 'less ' || ID from ITEM where ID % 3 = 0;
  insert into PERSON select ID, NAME, case ID when 1 then ${ROWS} else ID - 1 end from ITEM;`

interface Engine {
  readonly database: TestDatabase
  readonly serial: string
  /** A default that is another one for each row. */
  readonly random: string
}

const ENGINES: readonly (readonly [string, Engine])[] = [
  ['SQLite', { database: sqlite, serial: 'integer primary key', random: 'text default (hex(randomblob(8)))' }],
  [
    'PostgreSQL',
    {
      database: postgres,
      serial: 'bigint generated always as identity primary key',
      random: 'text default (md5(random()::text))',
    },
  ],
  [
    'MySQL',
    { database: mysql, serial: 'bigint not null auto_increment primary key', random: 'varchar(40) default (uuid())' },
  ],
]

const columns = 'id integer primary key, name varchar(40), amount numeric(12,3), note text'
const old = (table: string, ids: string): string =>
  `insert into ${table} (id, name, amount, note) values ${ids
    .split(' ')
    .map(id => `(${id}, 'old ${id}', ${id}.250, ${id === '3' ? 'null' : `'kept {"a": "ü''\\t${id}"}'`})`)
    .join(', ')};`

const tables = (serial: string): string => `
  create table items (id ${serial}, name varchar(40) not null);
  insert into items (name) values ('before');
  create table item_lines (id integer primary key, item_id bigint not null, foreign key (item_id) references items (id));
  create table people (id integer primary key, name varchar(40), boss integer, foreign key (boss) references people (id));
  create table t_fresh (${columns});
  ${['t_more', 't_ignore', 't_upsert', 't_update', 't_replace'].map(name => `create table ${name} (${columns}); ${old(name, '1 3 12 500')}`).join('\n')}`

const NAMES = ['items', 'item_lines', 'people', 't_fresh', 't_more', 't_ignore', 't_upsert', 't_update', 't_replace']

const open: Place[] = []
afterAll(() => Promise.all(open.map(place => place.drop())))

describe.each(ENGINES)('%s', (_name, engine) => {
  test(
    'an undo that dies after one commit and another goes on where it was, and takes nothing back twice',
    LONG,
    async () => {
      const place = await Place.open(engine)
      const before = await place.state()
      const { runId } = await place.run()
      const ended = await place.rows(`select ended_at from etl_run where run_id = '${runId}'`)
      const kills: number[] = []
      for (let commit = 1; ; commit += 2) {
        const { code, signal, stderr } = await runEtl(['undo', runId, 'pipeline.yaml', '--yes'], {
          cwd: place.work.dir,
          env: { ...place.env, ETL_FAILPOINTS: `after-commit:kill@${commit}` },
        })
        if (code === 0) break
        expect(signal, stderr).toBe('SIGKILL')
        kills.push(commit)
      }
      expect(kills.length).toBeGreaterThan(3)
      expect(await place.state()).toEqual(before)
      // What a run took is its own time.
      expect(await place.rows(`select state, ended_at from etl_run where run_id = '${runId}'`)).toEqual([
        ['undone', ...(ended[0] ?? [])],
      ])
    },
  )

  test('a run of every mode is taken back to the state before, also over a kill of the undo', LONG, async () => {
    const place = await Place.open(engine)
    const before = await place.state()
    const first = await place.run()
    // Rows to update that are not there.
    expect(first.entities.flatMap(({ name, rejects }) => rejects.map(({ code, rows }) => [name, code, rows]))).toEqual([
      ['updated', 'E416', 11],
    ])
    expect(first.status, first.error?.message).toBe('quarantined')
    const after = await place.state()
    expect(after).not.toEqual(before)
    expect(await place.rows('select count(*) from t_made')).toEqual([[String(ROWS)]])

    const seen = await place.undo('last', { dryRun: true })
    expect(await place.state()).toEqual(after)
    const killed = await runEtl(['undo', first.runId, 'pipeline.yaml', '--yes'], {
      cwd: place.work.dir,
      env: { ...place.env, ETL_FAILPOINTS: 'after-commit:kill@9' },
    })
    expect(killed.signal ?? killed.code, killed.stderr).toBe('SIGKILL')
    expect(await place.rows(`select state from etl_run where run_id = '${first.runId}'`)).toEqual([['undoing']])
    await expect(place.run({ resume: true })).rejects.toMatchObject({
      code: 'E525',
      message: `run ${first.runId} of p is being taken back`,
      hint: `finish taking it back: \`etl undo ${first.runId}\`, then begin a new run: \`etl run …\``,
    })

    const undone = await place.undo(first.runId)
    expect(undone).toMatchObject({ runId: first.runId, verified: true, conflicts: [] })
    expect(await place.state()).toEqual(before)
    expect(await place.rows(`select state from etl_run where run_id = '${first.runId}'`)).toEqual([['undone']])
    expect(await place.rows('select count(*) from etl_identity')).toEqual([['0']])
    expect(await place.rows('select state, count(*) from etl_reject group by state')).toEqual([['closed', '11']])
    await expect(place.rows('select count(*) from t_made')).rejects.toThrow()
    expect(seen.entities.map(({ entity, deleted, restored, putBack }) => [entity, deleted, restored, putBack])).toEqual(
      expect.arrayContaining([
        ['items', 40, 0, 0],
        ['people', 40, 40, 0],
        ['fresh', 40, 0, 0],
        ['more', 40, 0, 0],
        ['ignored', 37, 0, 0],
        ['upserted', 37, 3, 0],
        ['updated', 0, 2, 0],
        ['replaced', 40, 0, 4],
        ['made', 40, 0, 0],
      ]),
    )
    await expect(place.undo(first.runId)).rejects.toMatchObject({ code: 'E525' })
    // The checkpoint is of the run as it was; the ledger decides.
    await expect(place.run({ resume: true })).rejects.toMatchObject({
      code: 'E525',
      message: `run ${first.runId} of p was taken back`,
      hint: 'begin a new run: `etl run …`',
    })
  })

  test('a later run is in the way; both are taken back, the later one first', LONG, async () => {
    const place = await Place.open(
      engine,
      'upserted: { from: ITEM, to: t_upsert, load: upsert, fields: { id: ID, name: NAME } }\n' +
        '  items: { from: ITEM, to: items, load: upsert, match: name, fields: { name: NAME } }\n' +
        '  fresh: { from: ITEM, to: t_fresh, load: upsert, fields: { id: ID, name: NAME } }',
    )
    await place.server.exec('create unique index items_name on items (name)')
    const before = await place.state()
    const first = await place.run()
    const between = await place.state()
    const second = await place.run()
    await expect(place.undo(first.runId)).rejects.toMatchObject({
      code: 'E538',
      message: expect.stringContaining(`run ${second.runId} came after run ${first.runId}`),
    })
    await place.undo('last')
    expect(await place.state()).toEqual(between)
    await place.undo('last')
    expect(await place.state()).toEqual(before)
    await expect(place.undo('last')).rejects.toMatchObject({ code: 'E508' })
  })

  test('rows changed since refuse the whole, or are left as they are', LONG, async () => {
    const place = await Place.open(
      engine,
      'fresh: { from: ITEM, to: t_fresh, load: insert, fields: { id: ID, name: NAME } }\n' +
        '  upserted: { from: ITEM, to: t_upsert, load: upsert, fields: { id: ID, name: NAME } }',
    )
    const run = await place.run()
    await place.server.exec(`update t_fresh set note = 'mine' where id = 7;
      delete from t_fresh where id = 8;
      insert into t_fresh (id, name) values (900, 'mine');
      update t_upsert set note = 'mine' where id in (12, 20);
      create table child (id integer primary key, up integer, foreign key (up) references t_fresh (id) on delete cascade);
      insert into child values (1, 30)`)
    const changed = await place.state()
    const refused = place.undo(run.runId)
    await expect(refused).rejects.toMatchObject({ code: 'E537' })
    const { message } = (await refused.catch((error: unknown) => error)) as Error
    expect(new Set(message.split('\n').slice(1))).toEqual(
      new Set([
        '  t_upsert 12: changed since',
        '  t_upsert 20: changed since',
        '  t_fresh 7: changed since',
        '  t_fresh 30: child refers to it',
        // Only where keys are not kept is a row of somebody else seen at all.
        ...(engine.database === postgres ? ['  t_fresh 900: changed since'] : []),
      ]),
    )
    expect(await place.state()).toEqual(changed)
    const skipped = await place.undo(run.runId, { skipConflicts: true })
    expect(skipped.entities.map(({ entity, deleted, restored, gone }) => [entity, deleted, restored, gone])).toEqual([
      ['fresh', 37, 0, engine.database === postgres ? 0 : 1],
      ['upserted', 36, 2, 0],
    ])
    expect(await place.rows('select id from t_fresh order by id')).toEqual([['7'], ['30'], ['900']])
    expect(await place.rows('select id, name, note from t_upsert where id in (12, 20) order by id')).toEqual([
      ['12', 'new 12', 'mine'],
      ['20', 'new 20', 'mine'],
    ])
    expect(await place.rows('select count(*) from t_upsert')).toEqual([['5']])
  })

  test('rows that the target refuses, of those that are there too, stay as they were', LONG, async () => {
    const place = await Place.open(
      engine,
      `refused: { from: ITEM, to: t_checked, load: upsert, fields: { id: ID, name: NAME } }
  less: { from: LESS, to: t_checked, load: update, depends_on: [refused], fields: { id: ID, name: NAME } }`,
    )
    await place.server.exec(`
      create table t_checked (id integer primary key, name varchar(40), check (name not in ('new 12', 'new 20', 'less 15')));
      insert into t_checked values (3, 'old 3'), (12, 'old 12'), (15, 'old 15'), (500, 'old 500')`)
    const rows = (): Promise<unknown[][]> => place.rows('select id, name from t_checked order by id')
    const before = await rows()
    const run = await place.run()
    expect(run.entities.map(({ name, counts }) => [name, counts.inserted, counts.updated, counts.quarantined])).toEqual(
      [
        ['refused', 36, 2, 2],
        ['less', 0, 12, 1],
      ],
    )
    const after = await rows()
    for (const row of [
      ['3', 'less 3'],
      ['12', 'less 12'],
      ['15', 'new 15'],
      ['500', 'old 500'],
    ])
      expect(after).toContainEqual(row)
    await place.undo('last')
    expect(await rows()).toEqual(before)
  })

  test('several entities of one table are taken back together', LONG, async () => {
    const place = await Place.open(
      engine,
      `inserts: { from: ITEM, to: t_fresh, load: insert, fields: { id: ID, name: NAME } }
  changes: { from: LESS, to: t_fresh, load: upsert, depends_on: [inserts], fields: { id: ID, name: NAME } }
  adds: { from: ITEM, to: t_fresh, load: insert, depends_on: [changes], fields: { id: { expr: { "+": [ { var: ID }, 1000 ] } }, name: NAME } }
  upserts: { from: ITEM, to: t_upsert, load: upsert, fields: { id: ID, name: NAME } }
  updates: { from: LESS, to: t_upsert, load: update, depends_on: [upserts], fields: { id: ID, name: NAME } }
  replaces: { from: ITEM, to: t_replace, load: replace, fields: { id: ID, name: NAME } }
  replaces_too: { from: ITEM, to: t_replace, load: replace, depends_on: [replaces], fields: { id: { expr: { "+": [ { var: ID }, 1000 ] } }, name: NAME } }`,
    )
    const before = await place.state()
    const run = await place.run()
    expect(run.status, run.error?.message).toBe('ok')
    expect(await place.rows('select count(*) from t_fresh')).toEqual([[String(2 * ROWS)]])
    expect(await place.rows("select count(*) from t_replace where name like 'new %'")).toEqual([[String(2 * ROWS)]])
    const after = await place.state()
    // Row 6 is of two entities, row 1007 of one.
    await place.server.exec("update t_fresh set note = 'mine' where id in (6, 1007)")
    const refused = (await place.undo('last').catch((error: unknown) => error)) as Error
    expect(new Set(refused.message.split('\n'))).toEqual(
      new Set([
        `2 rows of run ${run.runId} cannot be taken back:`,
        '  t_fresh 6: changed since',
        '  t_fresh 1007: changed since',
      ]),
    )
    await place.server.exec('update t_fresh set note = null where id in (6, 1007)')
    if (engine.database !== postgres) {
      expect(await place.state()).toEqual(after)
      const undone = await place.undo('last')
      expect(undone.conflicts).toEqual([])
      expect(await place.state()).toEqual(before)
    }
  })

  test('values that the database makes are no change; a change of them is', LONG, async () => {
    const place = await Place.open(
      engine,
      `tagged: { from: ITEM, to: t_tagged, load: insert, fields: { id: ID, name: NAME } }
  plain: { from: ITEM, to: t_plain, load: insert, fields: { id: { from: ID, type: varchar(9) }, name: NAME } }
  noted: { from: ITEM, to: t_fresh, load: insert, fields: { id: ID, name: NAME } }`,
    )
    await place.server.exec(`
      create table t_tagged (id integer primary key, name varchar(40), tag ${engine.random}, state varchar(9) default 'new');
      create table t_plain (id varchar(9) primary key, name varchar(40), state varchar(9) default 'new', amount numeric(9,2) default 1.5);`)
    if (engine.database === sqlite)
      await place.server.exec(
        "create trigger t_noted after insert on t_fresh begin update t_fresh set note = 'n' || new.id where id = new.id; end",
      )
    const run = await place.run()
    expect(run.status, run.error?.message).toBe('ok')
    await place.server.exec(`update t_tagged set tag = 'mine' where id = 11;
      update t_plain set state = 'old' where id = '12'; update t_plain set amount = 1.49 where id = '13';
      update t_plain set name = 'new 140' where id = '14'; update t_fresh set note = 'mine' where id = 15`)
    const undone = await place.undo('last', { skipConflicts: true })
    expect(undone.conflicts.map(({ table, key, reason }) => [table, String(key[0]), reason]).toSorted()).toEqual([
      ['t_fresh', '15', 'changed'],
      ['t_plain', '12', 'changed'],
      ['t_plain', '13', 'changed'],
      ['t_plain', '14', 'changed'],
      ['t_tagged', '11', 'changed'],
    ])
    const left = await Promise.all(
      ['t_tagged', 't_plain', 't_fresh'].map(t => place.rows(`select id from ${t} order by 1`)),
    )
    expect(left).toEqual([[['11']], [['12'], ['13'], ['14']], [['15']]])
  })
})

test(
  'runs that write nothing push out no record; the fourth later one that writes does',
  async () => {
    const place = await Place.open(
      (ENGINES[0] as (typeof ENGINES)[0])[1],
      'ignored: { from: ITEM, to: t_ignore, load: ignore, fields: { id: ID, name: NAME } }',
    )
    const before = await place.rows('select * from t_ignore order by 1')
    const first = await place.run()
    for (let i = 0; i < 5; i++) expect((await place.run()).counts).toMatchObject({ written: 0, skipped: ROWS })
    await place.undo(first.runId)
    expect(await place.rows('select * from t_ignore order by 1')).toEqual(before)

    const second = await place.run()
    const later: string[] = []
    for (let i = 0; i < 4; i++) {
      place.work.source(`insert into ITEM values (${ROWS + 1 + i}, 'later')`)
      later.push((await place.run()).runId)
    }
    for (const run of later.toReversed()) await place.undo(run)
    await expect(place.undo(second.runId)).rejects.toMatchObject({ code: 'E536' })
  },
  LONG.timeout,
)

test('on_failure: undo takes back what a failed run wrote; undo: false records nothing', LONG, async () => {
  const place = await Place.open(
    ENGINES[0]?.[1] as Engine,
    'upserted: { from: ITEM, to: t_upsert, load: upsert, on_error: fail, fields: { id: ID, name: { from: NAME, required: true } } }',
    'on_failure: undo',
  )
  place.work.source(
    "update ITEM set NAME = '' where ID = 33; update ITEM set NAME = 'x' || hex(zeroblob(30)) where ID = 33",
  )
  const before = await place.state()
  const failed = await place.run()
  expect(failed).toMatchObject({ status: 'failed', exitCode: 1, error: { code: 'E502' } })
  // There is nothing to go on with any more.
  expect(failed.error?.hint).toMatch(/; mend it and run it again: `etl run …`, or set /)
  expect(failed.error?.hint).not.toMatch(/--(resume|accept-changes)/)
  expect(failed.warnings).toEqual([])
  expect(failed.undone).toMatchObject({ runId: failed.runId, verified: true })
  expect(failed.undone?.entities[0]?.deleted).toBeGreaterThan(0)
  expect(await place.state()).toEqual(before)
  await expect(place.run({ resume: true })).rejects.toMatchObject({ code: 'E525' })

  place.write('upserted: { from: ITEM, to: t_upsert, load: upsert, fields: { id: ID } }', 'undo: false')
  const run = await place.run()
  expect(run.status, run.error?.message).toBe('ok')
  expect(await place.rows('select count(*) from etl_undo')).toEqual([['0']])
  await expect(place.undo(run.runId)).rejects.toMatchObject({ code: 'E536' })

  // What is noted does not grow with every run.
  place.write('replaced: { from: ITEM, to: t_replace, load: replace, fields: { id: ID, name: NAME } }', '')
  const runs: string[] = []
  for (let i = 0; i < 6; i++) runs.push((await place.run()).runId)
  const copies = await place.rows("select name from sqlite_master where name like 'etl_kept%' order by name")
  expect(copies).toEqual(
    runs
      .slice(2)
      .map(id => [`etl_kept_${id}_0`])
      .sort((a, b) => (String(a) < String(b) ? -1 : 1)),
  )
  await place.undo('last')
  // Row 33 is too long.
  expect(await place.rows('select count(*) from t_replace')).toEqual([[String(ROWS - 1)]])
  await expect(place.undo(runs[0] ?? '')).rejects.toMatchObject({ code: expect.stringMatching(/^E53[68]$/) })
})

class Place {
  readonly work = new Workspace()
  readonly server: Awaited<ReturnType<TestDatabase['create']>>
  readonly env: Readonly<Record<string, string>>
  readonly #target: string

  private constructor(server: Place['server']) {
    this.server = server
    const { config } = server
    this.env = 'url' in config ? { DATABASE_URL: String(config.url) } : {}
    this.#target =
      'url' in config
        ? `{ type: ${config.type}, url: "\${DATABASE_URL}" }`
        : `{ type: sqlite, path: ${join(server.baseDir, String(config.path))} }`
  }

  static async open(engine: Engine, entities: string = ENTITIES, more = ''): Promise<Place> {
    const place = new Place(await engine.database.create('undo'))
    open.push(place)
    place.work.source(SOURCE)
    await place.server.exec(tables(engine.serial))
    place.write(entities, more)
    return place
  }

  write(entities: string, more: string): void {
    this.work.write(
      'pipeline.yaml',
      `version: 1\nname: p\n${more}\nsources: { old: { type: sqlite, path: source.sqlite } }\ntarget: ${this.#target}\n` +
        `defaults: { batch_size: 7, rest: ignore }\nentities:\n  ${entities.trim()}\n`,
    )
  }

  async run(options: Parameters<typeof startJob>[1] = {}) {
    const job = await startJob(await this.#pipeline(), { backup: false, ...options })
    return await job.result
  }

  async undo(run: string, options: Partial<UndoOptions> = {}): Promise<UndoResult> {
    return undoRun(await this.#pipeline(), { run, ...options })
  }

  async rows(sql: string): Promise<unknown[][]> {
    const rows = await this.server.rows(sql)
    return rows.map(row => row.map(value => (value === null ? null : String(value))))
  }

  async state(): Promise<Record<string, unknown[][]>> {
    const found: Record<string, unknown[][]> = {}
    for (const name of NAMES) found[name] = await this.rows(`select * from ${name} order by 1`)
    return found
  }

  drop(): Promise<void> {
    return this.server.drop()
  }

  async #pipeline() {
    return loadPipeline(this.work.path('pipeline.yaml'), { env: this.env })
  }
}
