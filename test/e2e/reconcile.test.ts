import { cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Checkpoint, CheckpointFile } from '../../src/run/checkpoint.js'
import { NO_COUNTS } from '../../src/run/events.js'
import { type EtlResult, eventsOf, resultOf, runEtl, sqliteRows, temporaryFolder, Workspace } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'

const ENTITIES = `
  t:
    from: T
    to: t
    batch_size: 5
    rest: copy`

const TABLES = ['t', 'etl_run', 'etl_owner', 'etl_chunk', 'etl_batch', 'etl_reject', 'etl_identity', 'etl_audit']

/** A run of eight batches that was killed after the third. Every test goes on from there. */
const place = new Workspace()
const killed = temporaryFolder()
let runId: string

beforeAll(async () => {
  place.source(`create table T (ID integer primary key, V text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 40) insert into T select i, 'v' from n`)
  place.target('create table t (id integer primary key, v text)')
  place.write('pipeline.yaml', pipeline(ENTITIES))
  expect((await run('after-write:kill@4')).signal).toBe('SIGKILL')
  expect(place.rows('select batch_no from etl_batch order by 1')).toEqual([[1], [2], [3]])
  runId = String(place.rows('select run_id from etl_run')[0]?.[0])
  cpSync(place.dir, killed, { recursive: true })
})

beforeEach(() => {
  for (const name of readdirSync(place.dir)) rmSync(place.path(name), { recursive: true })
  cpSync(killed, place.dir, { recursive: true })
})

function run(failpoints: string, ...args: string[]): Promise<EtlResult> {
  const env = { ETL_FAILPOINTS: failpoints }
  return runEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: place.dir, env })
}

async function checkpoint(): Promise<Checkpoint> {
  const read = await new CheckpointFile(place.path('.etl', 'p')).read('')
  if (read.kind !== 'ok') throw new Error(read.kind)
  return read.checkpoint
}

/** Puts the batch, or something else, into the checkpoint file. */
async function change(how: Partial<Checkpoint> & { readonly batch?: number }): Promise<void> {
  const { batch, ...rest } = how
  const mark = { pass: 'load', chunk: 0, done: false, counts: NO_COUNTS } as const
  const entities = batch === undefined ? {} : { entities: { t: [{ ...mark, batch }] } }
  await new CheckpointFile(place.path('.etl', 'p')).write({ ...(await checkpoint()), ...rest, ...entities })
}

const contents = (file = 'target.sqlite'): unknown =>
  TABLES.map(table => sqliteRows(place.path(file), `select * from ${table} order by 1, 2`))

/** What was told between the start of the run and its first entity. */
const notes = (result: EtlResult): unknown[] =>
  eventsOf(result.stdout).flatMap(event => (event.type === 'info' ? [event.message] : []))

async function expectResumed(note: RegExp): Promise<void> {
  const result = await run('', '--resume')
  expect(result.code, result.stderr).toBe(0)
  expect(notes(result)).toContainEqual(expect.stringMatching(note))
  expect(place.rows('select count(*), min(id), max(id) from t')).toEqual([[40, 1, 40]])
  expect(place.rows('select sum(rows_read), sum(inserted), count(*) from etl_batch')).toEqual([[40, 40, 8]])
  expect(place.rows('select run_id, state from etl_run')).toEqual([[runId, 'completed']])
  const { entities, state } = await checkpoint()
  expect(state).toBe('completed')
  expect(entities.t).toContainEqual(expect.objectContaining({ pass: 'load', batch: 8, done: true }))
}

async function expectRefused(code: string, message: string | RegExp, hint: string, ...args: string[]): Promise<void> {
  const before = contents()
  const result = await run('', ...args)
  expect(resultOf(result.stdout).error).toMatchObject({
    code,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    hint,
  })
  // The command line was right, but for another moment.
  expect(result.code).toBe(code === 'E504' ? 1 : 2)
  expect(contents()).toEqual(before)
}

describe('the ledger decides', () => {
  test('a checkpoint that is behind', async () => {
    await change({ batch: 2 })
    await expectResumed(/^checkpoint was behind the ledger, which decides$/)
  })

  test('one that is equal', async () => {
    await change({ batch: 3 })
    await expectResumed(/^ledger and checkpoint agree$/)
  })

  test('an old copy, of an earlier attempt', async () => {
    const old = { ...(await checkpoint()), batch: 2 }
    expect((await run('after-write:kill@2', '--resume')).signal).toBe('SIGKILL')
    await change(old)
    await expectResumed(/^checkpoint is an old one, of an earlier attempt: the ledger decides$/)
  })

  test('none', async () => {
    rmSync(place.path('.etl', 'p', 'checkpoint.json'))
    await expectResumed(/^checkpoint was missing and is rebuilt from the ledger$/)
  })

  test('a torn one, which is kept', async () => {
    const file = place.path('.etl', 'p', 'checkpoint.json')
    truncateSync(file, 100)
    const torn = readFileSync(file, 'utf8')
    await expectResumed(
      /^checkpoint was damaged and is rebuilt from the ledger; the old one is kept as \S*checkpoint\.corrupt-[\dTZ-]+\.json$/,
    )
    const kept = readdirSync(place.path('.etl', 'p')).filter(name => name.startsWith('checkpoint.corrupt-'))
    expect(kept.map(name => readFileSync(place.path('.etl', 'p', name), 'utf8'))).toEqual([torn])
  })

  test('that of the run before, where a run ended before its first checkpoint', async () => {
    expect((await run('', '--resume')).code).toBe(0)
    place.target('delete from t')
    expect((await run('run-begun:kill')).signal).toBe('SIGKILL')
    const result = await run('', '--resume')
    expect(result.code, result.stderr).toBe(0)
    expect(notes(result)).toContain(`checkpoint is of run ${runId}, which has ended: the ledger decides`)
    expect(place.rows('select count(*), min(id), max(id) from t')).toEqual([[40, 1, 40]])
    expect(place.rows('select state, count(*) from etl_run group by state')).toEqual([['completed', 2]])
  })

  test('a completed run is not run again', async () => {
    expect((await run('', '--resume')).code).toBe(0)
    const before = contents()
    const result = await run('', '--resume')
    expect(result.code, result.stderr).toBe(0)
    expect(notes(result)).toContain(`run ${runId} is complete already; nothing was written`)
    expect(contents()).toEqual(before)
  })
})

describe('refused, and the target is as it was', () => {
  test('a checkpoint that is ahead of the ledger: E507', async () => {
    await change({ batch: 5 })
    await expectRefused(
      'E507',
      "the checkpoint has batch 5 of t, the target's ledger only 3",
      'the target was restored to an earlier state: remove the checkpoint file to go by the ledger',
      '--resume',
    )
  })

  test('a run that the ledger does not know: E508', async () => {
    for (const table of ['etl_run', 'etl_owner', 'etl_chunk', 'etl_batch']) place.target(`delete from ${table}`)
    await expectRefused(
      'E508',
      `run ${runId} of the checkpoint is not in the target's ledger`,
      'the target was emptied or restored: begin anew with `etl run pipeline.yaml --restart`',
      '--resume',
    )
  })

  test('the checkpoint of another run that is not finished either: E509', async () => {
    place.target(`insert into etl_run select 'other', pipeline, format, 'interrupted', epoch, fingerprint, fingerprint_parts,
      target_uid, owner, options, tool_version, consistency, snapshots, '2020-01-01T00:00:00.000Z', heartbeat_at, ended_at
      from etl_run`)
    await change({ runId: 'other' })
    await expectRefused(
      'E509',
      `the checkpoint is of run other, the ledger's unfinished run is ${runId}`,
      'remove the checkpoint file to go by the ledger',
      '--resume',
    )
  })

  test('the checkpoint of another target: E509', async () => {
    // It is part of what the file is known by.
    place.target('pragma application_id = 7')
    await expectRefused(
      'E509',
      /^the checkpoint belongs to target sqlite:[0-9a-f]{32}, this one is sqlite:[0-9a-f]{32}$/,
      'connect to the target of that run, or remove the checkpoint file to go by the ledger of this target alone',
      '--resume',
    )
  })

  test('a run that was taken back, or half so: E525', async () => {
    place.target("update etl_run set state = 'undone'")
    await expectRefused(
      'E525',
      `run ${runId} of p was taken back`,
      'begin a new run: `etl run pipeline.yaml`',
      '--resume',
    )
    place.target("update etl_run set state = 'undoing'")
    for (const args of [['--resume'], ['--restart'], []]) {
      await expectRefused(
        'E525',
        `run ${runId} of p is being taken back`,
        `finish taking it back: \`etl undo ${runId}\`, then begin a new run: \`etl run pipeline.yaml\``,
        ...args,
      )
    }
  })

  test('a second run beside an unfinished one: E504', async () => {
    await expectRefused(
      'E504',
      new RegExp(`^run ${runId} of p \\(started 20\\S+Z, running\\) is not finished$`),
      'go on with it: `etl run pipeline.yaml --resume`; or give it up and begin anew, keeping the rows it loaded: `--restart`',
    )
  })
})
