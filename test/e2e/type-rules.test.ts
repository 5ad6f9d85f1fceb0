import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { ConnectionConfig } from '../../src/core/connector.js'
import { database as mysql } from '../databases/mysql.js'
import { database as oracle } from '../databases/oracle.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { resultOf, Workspace } from '../support/etl.js'

/** Tables that the run creates, with the types that a rule of the file says. */
describe('types: rules', () => {
  let target: TestSchema
  beforeAll(async () => {
    target = await postgres.create('types')
  })
  afterAll(() => target.drop())

  const workspace = (config: ConnectionConfig, table: string, types: unknown): Workspace => {
    const at = new Workspace()
    const entity = {
      from: table.toUpperCase(),
      to: { table, create: 'if_missing' },
      fields: { id: 'ID', flag: 'FLAG' },
    }
    const file = { version: 1, name: table, types, sources: { old: config }, target: target.config }
    at.write('pipeline.yaml', stringify({ ...file, entities: { [table]: entity } }))
    return at
  }
  const columnType = async (table: string): Promise<unknown> =>
    (
      await target.rows(
        `select data_type from information_schema.columns where table_name = '${table}' and column_name = 'flag'`,
      )
    )[0]?.[0]

  const cases: readonly [database: TestDatabase, declared: string, rule: string][] = [
    [sqlite, 'INTEGER(1)', 'integer(1)'],
    [oracle, 'NUMBER(1,0)', 'NUMBER(1,*)'],
    [mysql, 'DECIMAL(1,0)', 'decimal(1,0)'],
  ]
  test.each(cases)('$name: a column of 0 and 1 becomes a boolean', async (database, declared, rule) => {
    const source = await database.create('types')
    try {
      const table = `flags_${database.name}`
      const statements = [
        `create table FLAGS_${database.name.toUpperCase()} (ID ${database === oracle ? 'NUMBER(9)' : 'INTEGER'} not null primary key, FLAG ${declared})`,
        ...['1, 1', '2, 0', '3, null', '4, 2'].map(
          row => `insert into FLAGS_${database.name.toUpperCase()} values (${row})`,
        ),
      ]
      await source.exec(statements.join(';\n'))
      const config =
        'path' in source.config ? { ...source.config, path: `${source.baseDir}/${source.config.path}` } : source.config
      const at = workspace(config, table, [{ when: { source: rule }, to: 'boolean' }])
      const plan = await at.etl('plan', 'pipeline.yaml', '--json')
      expect(plan.stderr).toBe('')
      const { entities } = JSON.parse(plan.stdout) as { entities: { created: unknown[]; conversions: unknown[] }[] }
      expect(entities[0]?.created[1]).toEqual({
        column: 'flag',
        type: 'boolean',
        native: 'boolean',
        by: 'rule types[0] of the pipeline',
      })
      expect(entities[0]?.conversions.at(-1)).toMatchObject({
        field: 'flag',
        to: 'boolean',
        risk: 'checked',
        note: 'only 0 and 1',
      })

      const result = resultOf((await at.run('--json')).stdout)
      expect(await columnType(table)).toBe('boolean')
      expect(await target.rows(`select id, flag from ${table} order by id`)).toEqual([
        ['1', 't'],
        ['2', 'f'],
        ['3', null],
      ])
      const rejected = result.entities[0]?.rejects.map(({ code, field, rows }) => [code, field, rows])
      expect(rejected).toEqual([['E407', 'flag', 1]])
    } finally {
      await source.drop()
    }
  })

  test('mysql: TINYINT(1) is a boolean unless a rule makes it a number, which holds what it holds', async () => {
    const source = await mysql.create('tiny')
    try {
      await source.exec(`create table TINY (ID integer primary key, FLAG tinyint(1)); insert into TINY values (1, 1), (2, 2), (3, -1);
        create table TINY2 (ID integer primary key, FLAG tinyint(1)); insert into TINY2 values (1, 1), (2, 0)`)
      const plain = workspace(source.config, 'tiny2', [])
      expect((await plain.run('--json')).code).toBe(0)
      expect(await columnType('tiny2')).toBe('boolean')
      expect(await target.rows('select id, flag from tiny2 order by id')).toEqual([
        ['1', 't'],
        ['2', 'f'],
      ])
      const ruled = workspace(source.config, 'tiny', [{ when: { source: 'TINYINT(1)' }, to: 'int8' }])
      expect((await ruled.run('--json')).code).toBe(0)
      expect(await columnType('tiny')).toBe('smallint')
      expect(await target.rows('select id, flag from tiny order by id')).toEqual([
        ['1', '1'],
        ['2', '2'],
        ['3', '-1'],
      ])
    } finally {
      await source.drop()
    }
  })
})
