import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loginUrl, documentedStatements as statements } from '../databases/minimal-roles.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from '../e2e/chinook/official.js'
import { CHINOOK_TABLES } from '../e2e/chinook/pipelines.js'
import { type EtlResult, eventsOf, resultOf, runEtl, temporaryFolder } from '../support/etl.js'

const SUFFIX = `${process.pid}`
const nameOf = (place: TestSchema): string => new URL(String(place.config.url)).pathname.slice(1)

const urlOf = (place: TestSchema, user: string, password: string): string =>
  loginUrl(new URL(String(place.config.url)), user, password)

if (!existsSync(CHINOOK_DATA))
  console.warn(`Chinook data is not here: ${CHINOOK_DATA}. The minimal roles were NOT tested with it.`)

describe('logins with the rights of docs/how-to/database-roles.md and no other', () => {
  if (existsSync(CHINOOK_DATA)) describe('Chinook', chinook)
  describe('tables that the run creates', created)
  describe('a right that is missing', missing)
})

function chinook(): void {
  const folder = temporaryFolder()
  const own = { etl_source: `etl_s_${SUFFIX}`, etl_target: `etl_t_${SUFFIX}`, etl_ledger: `etl_l_${SUFFIX}` }
  let maria: TestSchema
  let pg: TestSchema
  let back: TestSchema
  const env: Record<string, string> = {}
  const etl = (...args: string[]): Promise<EtlResult> => runEtl(args, { cwd: folder, env })

  beforeAll(async () => {
    const text = readFileSync(join(CHINOOK_DATA, 'Chinook_MySql.sql'), 'utf8')
    const sql = text.replaceAll(/^(DROP DATABASE|CREATE DATABASE|USE)\b.*$/gm, '')
    maria = await mysql.create('roles')
    await maria.exec(`set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'); ${sql}`)
    back = await mysql.create('roles_back')
    await back.exec(sql.slice(0, sql.indexOf('INSERT INTO')))
    pg = await officialPostgres()
    const of = (block: string, database: TestSchema): string =>
      statements(block, { ...own, crm: quoted(database), warehouse: quoted(database) })
    await maria.exec(of('mysql-source', maria))
    await back.exec(of('mysql-target', back))
    await pg.exec(of('postgres-source', pg))
    await pg.exec(of('postgres-target', pg))
    Object.assign(env, {
      FROM_MYSQL: urlOf(maria, own.etl_source, 'change-me-1'),
      TO_MYSQL: urlOf(back, own.etl_target, 'change-me-2'),
      FROM_PG: urlOf(pg, own.etl_source, 'change-me-1'),
      TO_PG: urlOf(pg, own.etl_target, 'change-me-2'),
    })
    const file = (name: string, source: object, target: object, ledger: string, there: boolean): void => {
      const entities = Object.fromEntries(
        CHINOOK_TABLES.map(({ name: snake, original, columns }) => [
          snake,
          {
            from: there ? original : snake,
            to: there ? snake : original,
            fields: Object.fromEntries(columns.map(c => (there ? [c.name, c.original] : [c.original, c.name]))),
            ...(original === 'Employee' ? { defer: [there ? 'reports_to' : 'ReportsTo'] } : {}),
          },
        ]),
      )
      const spec = { version: 1, name, sources: { chinook: source }, target, ledger: { schema: ledger }, undo: true }
      writeFileSync(join(folder, `${name}.yaml`), stringify({ ...spec, backup: { scope: 'touched' }, entities }))
    }
    const block = (type: string, name: string): object => ({ type, url: `\${${name}}` })
    file('there', block('mysql', 'FROM_MYSQL'), block('postgres', 'TO_PG'), 'etl', true)
    file('back', block('postgres', 'FROM_PG'), block('mysql', 'TO_MYSQL'), own.etl_ledger, false)
  }, 120_000)
  afterAll(async () => {
    await maria?.exec(`drop user if exists '${own.etl_source}'@'%'`)
    await back?.exec(`drop user if exists '${own.etl_target}'@'%'; drop database if exists ${own.etl_ledger}`)
    for (const role of [own.etl_source, own.etl_target])
      await pg?.exec(`drop owned by ${role} cascade; drop role ${role}`)
    await Promise.all([maria?.drop(), back?.drop(), pg?.drop()])
  })

  const quoted = (place: TestSchema): string => nameOf(place)

  test.each([
    ['there', 'MySQL to PostgreSQL'],
    ['back', 'PostgreSQL to MySQL'],
  ])('%s: checked, interrupted, resumed, verified (%s)', async name => {
    const file = `${name}.yaml`
    for (const command of ['check', 'doctor', 'plan']) {
      const looked = await etl(command, file)
      expect(looked.code, `${command}\n${looked.stdout}${looked.stderr}`).toBe(0)
    }
    const run = ['run', file, '--yes', '--json', '--verify', 'full']
    const failed = await runEtl([...run, '--concurrency', '1'], {
      cwd: folder,
      env: { ...env, ETL_FAILPOINTS: 'after-commit:fail@7' },
    })
    expect(failed.code, failed.stderr).toBe(1)
    const resumed = await etl(...run, '--resume')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(resultOf(resumed.stdout)).toMatchObject({ status: 'ok', verification: { state: 'verified' } })
    expect(eventsOf(resumed.stdout).some(event => event.type === 'run_started' && event.resumed === true)).toBe(true)
    if (name === 'there') {
      expect(await differences(pg)).toEqual([])
      expect(await rowsOf(pg)).toBe(CHINOOK_ROWS)
    }
  })

  test.each(['there', 'back'])('%s: saved, put back, taken back', async name => {
    const saved = await etl('backup', `${name}.yaml`, '--json')
    expect(saved.code, saved.stderr).toBe(0)
    const undone = await etl('undo', 'last', `${name}.yaml`, '--yes')
    expect(undone.code, undone.stderr).toBe(0)
    const count = async (): Promise<string> =>
      String(
        name === 'there'
          ? (await pg.rows('select count(*) from track'))[0]?.[0]
          : (await back.rows('select count(*) from Track'))[0]?.[0],
      )
    expect(await count()).toBe('0')
    const { backup } = JSON.parse(saved.stdout) as { backup: string }
    const restored = await etl('restore', backup, `${name}.yaml`, '--yes', '--no-backup')
    if (name === 'there') {
      // The page says that this takes the role that owns the tables.
      expect([restored.code, restored.stderr]).toEqual([1, expect.stringContaining('must be owner of table')])
      expect(await count()).toBe('0')
      return
    }
    expect(restored.code, restored.stderr).toBe(0)
    expect(await count()).toBe('3503')
  })

  test('the source login writes nothing, whatever it is asked', async () => {
    writeFileSync(
      join(folder, 'hostile.yaml'),
      stringify({
        version: 1,
        name: 'hostile',
        sources: { chinook: { type: 'mysql', url: '${FROM_MYSQL}' } },
        target: { type: 'postgres', url: '${TO_PG}' },
        ledger: { schema: 'etl' },
        hooks: { before: [{ on: 'chinook', sql: 'delete from PlaylistTrack' }] },
        entities: {
          genre: { from: 'Genre', to: 'genre', load: 'upsert', fields: { genre_id: 'GenreId', name: 'Name' } },
        },
      }),
    )
    const run = await etl('run', 'hostile.yaml', '--yes', '--json')
    expect(run.code).toBe(5)
    expect(resultOf(run.stdout).error).toMatchObject({ code: 'E516', message: expect.stringMatching(/denied|1142/) })
    expect(String((await maria.rows('select count(*) from PlaylistTrack'))[0]?.[0])).toBe('8715')
  })
}

const SERVERS = [
  ['postgres', postgres, ['postgres-source', 'postgres-target', 'postgres-create']],
  ['mysql', mysql, ['mysql-source', 'mysql-target', 'mysql-create', 'mysql-backup']],
] as const

function created(): void {
  test.each(SERVERS)(
    '%s: upserted, put aside, retried, saved, taken back with the table',
    async (type, server, blocks) => {
      const place = await server.create('creates')
      const [source, target, ledger] = [`etl_cs_${SUFFIX}`, `etl_ct_${SUFFIX}`, `etl_cl_${SUFFIX}`]
      const names = { etl_source: source, etl_target: target, etl_ledger: ledger }
      const folder = temporaryFolder()
      try {
        await place.exec(`create table t (id integer primary key, name varchar(20), note varchar(20) not null);
        insert into t values (1, 'one', 'a'), (2, null, 'b'), (3, 'three', 'c')`)
        for (const block of blocks)
          await place.exec(statements(block, { ...names, crm: nameOf(place), warehouse: nameOf(place) }))
        const write = (name: object): void =>
          writeFileSync(
            join(folder, 'pipeline.yaml'),
            stringify({
              version: 1,
              name: 'creates',
              sources: { old: { type, url: '${FROM}' } },
              target: { type, url: '${TO}' },
              ledger: { schema: type === 'postgres' ? 'etl' : ledger },
              defaults: { on_error: 'quarantine' },
              entities: {
                u: {
                  from: 't',
                  to: { table: 'u', create: 'if_missing' },
                  load: 'upsert',
                  match: 'id',
                  fields: { id: 'id', name: { from: 'name', required: true, ...name } },
                },
              },
            }),
          )
        const env = { FROM: urlOf(place, source, 'change-me-1'), TO: urlOf(place, target, 'change-me-2') }
        const etl = async (...args: string[]): Promise<number | undefined> => {
          const { code, stdout, stderr } = await runEtl([...args, '--json'], { cwd: folder, env })
          return code === 0 || code === 3 ? code : expect.fail(`${args.join(' ')}: ${stdout}${stderr}`)
        }
        const rows = async (): Promise<string[]> =>
          (await place.rows('select id, name from u order by id')).map(row => row.join(' '))
        write({})
        expect([await etl('check'), await etl('run', '--yes')]).toEqual([0, 3])
        expect(await rows()).toEqual(['1 one', '3 three'])
        write({ default: 'none' })
        expect(await etl('quarantine', 'retry', 'last')).toBe(0)
        expect(await rows()).toEqual(['1 one', '2 none', '3 three'])
        expect([await etl('backup'), await etl('verify')]).toEqual([0, 0])
        expect([await etl('undo', 'last', '--yes'), await etl('undo', 'last', '--yes')]).toEqual([0, 0])
        await expect(rows()).rejects.toThrow(/u.* (does not|doesn't) exist/)
      } finally {
        await remove(type, place, names)
      }
    },
  )
}

async function remove(
  type: string,
  place: TestSchema,
  names: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { etl_source: source, etl_target: target, etl_ledger: ledger } = names
  await place.exec(
    type === 'postgres'
      ? [source, target].map(role => `drop owned by ${role} cascade; drop role ${role}`).join('; ')
      : `drop user '${source}'@'%'; drop user '${target}'@'%'; drop database ${ledger}`,
  )
  await place.drop()
}

function missing(): void {
  const own = { etl_source: `etl_ms_${SUFFIX}`, etl_target: `etl_mt_${SUFFIX}`, etl_ledger: `etl_ml_${SUFFIX}` }
  const folder = temporaryFolder()

  test.each([
    ['postgres, source', 'postgres', postgres, 'revoke select on t from ROLE', 'read t', 'the login may not read it'],
    [
      'postgres, target',
      'postgres',
      postgres,
      'revoke insert, update on u from ROLE',
      'write u',
      'the login may not write to it',
    ],
    ['mysql, target', 'mysql', mysql, '', 'write u', 'the login may not write to it'],
  ] as const)(
    '%s: the table and the right are named, exit 5, nothing written',
    async (_, type, server, revoke, what, detail) => {
      const place = await server.create('missing')
      const suffix = Math.random().toString(36).slice(2, 8)
      const names = Object.fromEntries(Object.entries(own).map(([key, name]) => [key, `${name}_${suffix}`]))
      const role = String(revoke.includes(' t ') ? names.etl_source : names.etl_target)
      const all = { ...names, crm: nameOf(place), warehouse: nameOf(place) }
      try {
        await place.exec(
          'create table t (id integer primary key); create table u (id integer primary key); insert into t values (1)',
        )
        await place.exec(statements(`${type}-source`, all))
        if (type === 'postgres') await place.exec(statements('postgres-target', all))
        else
          await place.exec(
            statements('mysql-target', all).replace('select, insert, update, delete, create', 'select, create'),
          )
        if (revoke !== '') await place.exec(revoke.replace('ROLE', role))
        writeFileSync(
          join(folder, 'missing.yaml'),
          stringify({
            version: 1,
            name: 'missing',
            sources: { old: { type, url: '${FROM}' } },
            target: { type, url: '${TO}' },
            ledger: { schema: type === 'postgres' ? 'etl' : names.etl_ledger },
            entities: { u: { from: 't', to: 'u', fields: { id: 'id' } } },
          }),
        )
        const env = {
          FROM: urlOf(place, String(names.etl_source), 'change-me-1'),
          TO: urlOf(place, String(names.etl_target), 'change-me-2'),
        }
        const checked = await runEtl(['check', 'missing.yaml', '--json'], { cwd: folder, env })
        expect(checked.code, checked.stderr).toBe(5)
        const { items } = JSON.parse(checked.stdout) as {
          items: { ok: boolean; code?: string; detail?: string; what: string }[]
        }
        const bad = items.filter(item => !item.ok)
        expect(bad.map(item => [item.code, item.what, item.detail])).toEqual([['E304', what, detail]])
        const run = await runEtl(['run', 'missing.yaml', '--yes', '--json'], { cwd: folder, env })
        expect(run.code, run.stderr).toBe(5)
        expect(resultOf(run.stdout).error?.code).toBe('E304')
        expect((await place.rows('select count(*) from u')).map(row => row.map(String))).toEqual([['0']])
      } finally {
        await remove(type, place, names)
      }
    },
  )
}
