import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { PipelineError } from '../../../src/core/errors.js'
import { loadPipeline } from '../../../src/load/load.js'
import { compilePlan } from '../../../src/plan/compile.js'
import { explainPlan } from '../../../src/plan/explain.js'
import { openDatabases } from '../../../src/plan/open.js'
import type { Plan } from '../../../src/plan/plan.js'
import { database as mysql } from '../../databases/mysql.js'
import type { TestSchema } from '../../databases/types.js'
import { errorsOf, planOf } from './temp-databases.js'

/** What a plan says of real tables whose engine, character set, collation or triggers matter. */
describe('with MySQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'etl-tables-'))
  let maria: TestSchema
  beforeAll(async () => {
    const source = new Sqlite(join(folder, 'source.db'))
    source.exec(`create table PERSON (ID integer primary key, NAME text not null, CODE text not null unique)`)
    source.close()
    maria = await mysql.create('tables')
    await maria.exec(`
      create table isam (id int primary key, name varchar(20)) engine = MyISAM;
      create table narrow (id int primary key, name varchar(20) character set latin1, mb3 text character set utf8mb3) engine = InnoDB;
      create table ci (id int primary key, name varchar(20) collate utf8mb4_general_ci,
        code varchar(20) collate utf8mb4_bin not null unique) engine = InnoDB;
      create table ci_key (code varchar(20) collate utf8mb4_general_ci primary key, name varchar(20)) engine = InnoDB;
      create table exact_key (code varchar(20) collate utf8mb4_nopad_bin primary key, name varchar(20)) engine = InnoDB;
      create table labels (id int primary key, name enum('a', 'b', 'c')) engine = InnoDB;
      create table fewer (id int primary key, name enum('a', 'x')) engine = InnoDB;
      create table watched (id int primary key, name varchar(20)) engine = InnoDB;
      create trigger stamp before insert on watched for each row set new.name = upper(new.name);
      create trigger gone after delete on watched for each row set @gone = 1;
    `)
  })
  afterAll(async () => {
    await maria.drop()
    rmSync(folder, { recursive: true })
  })

  const person = { source: 'crm', table: 'PERSON' }
  const plan = async (entity: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<Plan> => {
    const file = join(folder, 'p.yaml')
    const sources = { crm: { type: 'sqlite', path: 'source.db' }, maria: maria.config }
    const entities = { person: { rest: 'ignore', ...entity } }
    writeFileSync(file, stringify({ version: 1, name: 'p', sources, target: maria.config, ...more, entities }))
    const pipeline = await loadPipeline(file, { env: {} })
    const databases = await openDatabases(pipeline, { readOnly: true, applicationName: 'test' })
    try {
      return await compilePlan(pipeline, databases)
    } finally {
      await databases.close()
    }
  }
  const told = async (entity: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<unknown[]> => {
    const seen = (list: Plan['warnings']) =>
      list.map(({ code, severity, path, message, hint }) => [code, severity, path.slice(2).join('.'), message, hint])
    try {
      return seen((await plan(entity, more)).warnings)
    } catch (error) {
      if (error instanceof PipelineError) return seen(error.diagnostics)
      throw error
    }
  }
  const fields = { id: 'ID', name: 'NAME' }

  test('names that are too long for it, or differ only in case, are refused before anything is created', async () => {
    const to = (table: string) => ({ table, create: 'if_missing' })
    const long = 'é'.repeat(65)
    const hint = 'give it a shorter name'
    expect(await told({ from: person, to: to('é'.repeat(64)), fields })).toEqual([])
    expect(await told({ from: person, to: to(long), fields: { id: 'ID', [long]: 'NAME' } })).toEqual([
      ['E228', 'error', 'to', `the name of the table ${long} has 65 characters, and the target takes 64`, hint],
      [
        'E228',
        'error',
        `fields.${long}`,
        `the name of the column ${long} has 65 characters, and the target takes 64`,
        hint,
      ],
    ])
    expect(await told({ from: person, to: to('fresh'), fields: { id: 'ID', name: 'NAME', Name: 'CODE' } })).toEqual([
      [
        'E228',
        'error',
        'fields.Name',
        'the columns name and Name are to be created, and the target does not tell them apart',
        'names of its columns must differ in more than case',
      ],
    ])
  })

  test('a target without transactions is refused, unless the file gives up exactly once', async () => {
    expect(await told({ from: person, to: 'isam', fields })).toEqual([
      [
        'E224',
        'error',
        'to',
        'isam keeps no transactions, so its rows cannot be loaded exactly once',
        '`alter table isam engine=InnoDB`, or `ledger: false` for at least once',
      ],
    ])
    expect(await told({ from: person, to: 'isam', fields }, { ledger: false })).toEqual([
      [
        'E224',
        'warning',
        'to',
        'isam keeps no transactions: rows of a batch that fails stay there, and a resumed run may write them twice',
        '`alter table isam engine=InnoDB`',
      ],
    ])
  })

  test('a source without transactions is read without a snapshot, which strict consistency refuses', async () => {
    const entity = { from: { source: 'maria', table: 'isam' }, to: 'watched', fields: { id: 'id', name: 'name' } }
    const message = 'isam keeps no transactions, so its rows are not read as of one moment'
    const hint = '`alter table isam engine=InnoDB`, or let nobody write to it while it is read'
    expect(await told(entity)).toEqual([['E225', 'warning', 'from', message, hint]])
    expect((await plan(entity)).entities[0]?.read.snapshot).toBe(false)
    expect(await told(entity, { consistency: 'strict' })).toEqual([
      ['E225', 'error', 'from', `${message}, and the file says \`consistency: strict\``, hint],
    ])
  })

  test('columns that cannot hold all of Unicode', async () => {
    const hint = 'give the column a character set with all of Unicode'
    expect(await told({ from: person, to: 'narrow', fields: { ...fields, mb3: 'CODE' } })).toEqual([
      [
        'E227',
        'warning',
        'fields.name',
        'narrow.name holds only characters of latin1; rows with others are rejected',
        hint,
      ],
      [
        'E227',
        'warning',
        'fields.mb3',
        'narrow.mb3 holds only characters of utf8mb3; rows with others are rejected',
        hint,
      ],
    ])
    const same = {
      from: { source: 'maria', table: 'narrow' },
      to: 'narrow',
      load: 'upsert',
      fields: { id: 'id', name: 'name' },
    }
    expect(await told(same)).toEqual([])
  })

  test('keys that the target does not tell apart', async () => {
    const hint = '`etl check` counts them; a binary collation keeps them apart'
    const message = (column: string, what: string) =>
      `${column} is a key that does not see ${what}, and PERSON does: values that differ only in that are one row there`
    expect(await told({ from: person, to: 'ci_key', load: 'upsert', fields: { code: 'CODE', name: 'NAME' } })).toEqual([
      ['E226', 'warning', 'fields.code', message('ci_key.code', 'case and trailing spaces'), hint],
    ])
    // `name` is no key: nothing is said of it.
    expect(await told({ from: person, to: 'ci', fields: { ...fields, code: 'CODE' } })).toEqual([
      ['E226', 'warning', 'fields.code', message('ci.code', 'trailing spaces'), hint],
    ])
    expect(await told({ from: person, to: 'exact_key', fields: { code: 'CODE', name: 'NAME' } })).toEqual([])
    const both = {
      from: { source: 'maria', table: 'ci_key' },
      to: 'ci_key',
      load: 'upsert',
      fields: { code: 'code', name: 'name' },
    }
    expect(await told(both)).toEqual([])
  })

  test('labels of two enums are compared', async () => {
    const entity = { from: { source: 'maria', table: 'labels' }, to: 'fewer', fields: { id: 'id', name: 'name' } }
    expect((await plan(entity)).entities[0]?.conversions).toEqual([
      { field: 'name', from: 'enum', to: 'enum', risk: 'checked', note: 'the target lacks the labels "b", "c"' },
    ])
  })

  test('triggers of the target are listed, those on delete are not', async () => {
    const planned = await plan({ from: person, to: 'watched', fields })
    expect(planned.entities[0]?.write.triggers).toEqual(['stamp'])
    expect(explainPlan(planned)).toContain('  person: triggers of the target run for its rows: stamp\n')
  })
})

describe('with SQLite', () => {
  test('a match that may be null or is a float is refused', async () => {
    const source = 'create table A (ID integer primary key, CODE text, SIZE real)'
    const target = 'create table a (id integer primary key, code text unique, size real not null unique)'
    const entities = (match: string) =>
      `  a: { from: A, to: a, load: upsert, match: ${match}, fields: { id: ID, code: CODE, size: SIZE } }\n`
    expect(await errorsOf({ source, target, entities: entities('code') })).toEqual([
      [
        'E217',
        'a.match',
        'code may be null, so upsert cannot tell which row is the same',
        'match by columns that are NOT NULL: two nulls are never the same row',
      ],
    ])
    expect(await errorsOf({ source, target, entities: entities('size') })).toEqual([
      ['E217', 'a.match', 'size is a float, and floats cannot be told apart reliably', 'match by another key'],
    ])
  })

  test('decimals are compared by their digits', async () => {
    const plan = await planOf({
      source: 'create table A (ID integer primary key, P decimal(12,4), Q decimal(12,2))',
      target: 'create table a (id integer primary key, p decimal(12,2), q decimal(10,2))',
      entities: '  a: { from: A, to: a, fields: { id: ID, p: P, q: Q } }\n',
    })
    expect(plan.entities[0]?.conversions.map(({ field, risk, note }) => [field, risk, note])).toEqual([
      ['p', 'lossy', 'more than 2 digits after the point would be cut off'],
      ['q', 'checked', 'a number may be out of range'],
    ])
  })

  test('triggers, collations and counters that the target has', async () => {
    const plan = await planOf({
      source: 'create table A (ID integer primary key, CODE text not null)',
      target: `create table a (id integer primary key, code text collate nocase not null unique);
        create trigger stamp after update of code on a begin select 1; end;
        create trigger gone after delete on a begin select 1; end;`,
      entities: '  a: { from: A, to: a, fields: { id: ID, code: CODE } }\n',
    })
    expect(plan.entities[0]?.write.triggers).toEqual(['stamp'])
    expect(plan.warnings.map(({ code }) => code)).toEqual(['E226'])
    expect(explainPlan(plan)).toContain(
      '  a: the file gives id, which the target can generate; its counter is moved past them\n',
    )
  })
})
