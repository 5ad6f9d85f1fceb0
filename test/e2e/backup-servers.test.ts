import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type BackupResult, backupTarget, loadPipeline, restoreBackup } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, Workspace } from '../support/etl.js'
import { ToxicProxy } from '../support/proxy.js'

const TABLES = `
  create table team (id integer primary key, name varchar(50), boss integer);
  create table member (id integer primary key, team_id integer not null, note varchar(50),
    constraint member_team foreign key (team_id) references team (id) on delete cascade);
  alter table team add constraint team_boss foreign key (boss) references member (id);
  create table plain (word varchar(20));
  create table apart (id integer primary key);
  create view shown as select name from team;
  insert into team values (2, 'old two', null), (1, 'old one', null);
  insert into member values (10, 1, 'ten'), (11, 2, 'eleven');
  update team set boss = 10 where id = 2;
  insert into plain values ('twice'), ('twice'), (null), ('');
  insert into apart values (1);
`

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

const FILE = (target: object, backup: object): string =>
  stringify({
    version: 1,
    name: 'teams',
    sources: { s: { type: 'sqlite', path: 'source.sqlite' } },
    target,
    backup,
    entities: {
      team: { from: 'TEAM', to: 'team', load: 'upsert', fields: { id: 'ID', name: 'NAME' } },
      plain: { from: 'PLAIN', to: 'plain', key: 'ID', load: 'insert', fields: { word: 'WORD' } },
    },
  })

for (const [server, tool, program] of [
  [postgres, /^pg_dump 1\d/, 'pg_dump'],
  [mysql, /^mariadb-dump 1\d/, 'mariadb-dump'],
] as const) {
  describe(server.name, () => {
    let schema: TestSchema
    const place = new Workspace()
    const everything = async () => {
      const found: unknown[] = []
      for (const table of ['team', 'member', 'plain', 'apart'])
        found.push(
          (await schema.rows(`select * from ${table} order by 1`)).map(row => row.map(value => value && String(value))),
        )
      return found
    }
    const load = (backup: object, url = schema.config.url, table = 'team') => {
      writeFileSync(
        place.path('pipeline.yaml'),
        FILE({ ...schema.config, url }, backup).replace('to: team', `to: ${table}`),
      )
      return loadPipeline(place.path('pipeline.yaml'))
    }
    beforeAll(async () => {
      schema = await server.create('backup', 'owner')
      await schema.exec(TABLES)
      place.source(`create table TEAM (ID integer primary key, NAME text); insert into TEAM values (1, 'new one'), (3, 'new three');
        create table PLAIN (ID integer primary key, WORD text); insert into PLAIN values (1, 'thrice')`)
    })
    afterAll(() => schema.drop())

    test('the tables of a run and those that refer to them are dumped, and put back in one transaction', async () => {
      const pipeline = await load({ keep: 10 })
      const before = await everything()
      const run = await place.run('--json')
      expect(run.code, run.stderr).toBe(0)
      const result = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as { runId: string; backup: BackupResult }
      const { backup } = result
      expect(backup).toMatchObject({ format: 'table-dump', scope: 'touched', runId: result.runId })
      expect(backup.tables.map(({ table, rows }) => [table, rows]).sort()).toEqual([
        ['member', 2],
        ['plain', 4],
        ['team', 2],
      ])
      const [head = '', ...lines] = gunzipSync(readFileSync(backup.backup)).toString('utf8').trim().split('\n')
      expect(JSON.parse(head)).toMatchObject({ etl: 'table-dump', v: 1, connector: server.name })
      expect(lines.filter(line => line.startsWith('['))).toHaveLength(8)
      await schema.exec(`delete from member where id = 11; insert into apart values (2)`)
      const changed = await everything()
      const back = await restoreBackup(pipeline, backup.backup)
      expect(back).toMatchObject({ whole: false, undone: [result.runId], preRestore: { scope: 'touched' } })
      const now = await everything()
      expect(now.slice(0, 3)).toEqual(before.slice(0, 3))
      expect(now[3]).toEqual(changed[3])
      expect(await schema.rows('select state from etl_run')).toEqual([['undone']])
      expect((await schema.rows('select action from etl_audit')).map(String)).toEqual(['restore'])
      const again = await place.run('--json')
      expect(again.code, again.stderr).toBe(0)
      await restoreBackup(pipeline, backup.backup)
      expect((await everything()).slice(0, 3)).toEqual(before.slice(0, 3))
    })

    test('what does not fit any more is refused, and nothing is changed', async () => {
      const pipeline = await load({ keep: 10 })
      const { backup } = await backupTarget(pipeline)
      await schema.exec(`update team set name = 'changed' where id = 1`)
      const refused = async (message: string | RegExp): Promise<void> => {
        const before = await everything()
        await expect(restoreBackup(pipeline, backup, { backup: false })).rejects.toMatchObject({
          code: 'E543',
          message: expect.stringMatching(message),
          hint: expect.stringContaining('nothing was changed'),
        })
        expect(await everything()).toEqual(before)
      }
      await schema.exec('alter table plain add column more integer')
      await refused(/plain has other columns than when the backup was made: more$/)
      await schema.exec('alter table plain drop column more')
      await schema.exec('create table child (id integer primary key, team_id integer references team (id))')
      await schema.exec('alter table child add constraint child_team foreign key (team_id) references team (id)')
      await schema.exec('insert into child values (1, 1)')
      await refused(/child refers to tables of the backup, and the backup does not hold it/)
      await schema.exec('drop table child')
      await schema.exec('alter table plain rename to flat')
      await expect(restoreBackup(pipeline, backup, { backup: false })).rejects.toMatchObject({ code: 'E543' })
      await schema.exec('alter table flat rename to plain')
      expect((await schema.rows('select name from team where id = 1')).map(String)).toEqual(['changed'])
      await restoreBackup(pipeline, backup)
      expect((await schema.rows('select name from team where id = 1')).map(String)).toEqual(['old one'])
    })

    test('a connection that is cut while a table is dumped leaves no file, and nothing waits', async () => {
      await schema.exec('create table wide (word varchar(400))')
      const word = `('${'x'.repeat(400)}')`
      for (let i = 0; i < 10; i++)
        await schema.exec(`insert into wide values ${Array.from({ length: 2000 }, () => word).join(',')}`)
      const proxy = await ToxicProxy.open(String(schema.config.url))
      const pipeline = await load({ dir: 'cut' }, proxy.url, 'wide')
      // At this rate all of it takes 8 seconds.
      const onProgress = (): void => {
        proxy.toxics = { bytesPerSecond: 1_000_000 }
        setTimeout(() => proxy.cut(), 500)
      }
      await expect(backupTarget(pipeline, { onProgress })).rejects.toMatchObject({
        code: expect.stringMatching(/^E30[16]$/),
      })
      await proxy.close()
      expect(readdirSync(place.path('cut'))).toEqual([])
      await schema.exec('drop table wide')
    })

    test('a backup that was changed, cut or described otherwise is refused, and nothing is touched', async () => {
      for (const scope of ['touched', 'database']) {
        const pipeline = await load({ scope, keep: 10 })
        const { backup } = await backupTarget(pipeline)
        await schema.exec(`update plain set word = 'since' where word = 'twice'`)
        const later = await backupTarget(pipeline)
        const before = await everything()
        const described = backup.replace(/\.[^/]*$/, '.json')
        const [good, words] = [readFileSync(backup), readFileSync(described, 'utf8')]
        const refused = async (bytes: Buffer, metadata = words): Promise<void> => {
          writeFileSync(backup, bytes)
          writeFileSync(described, metadata)
          await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({ code: 'E541' })
        }
        for (let part = 0; part < 12; part++) {
          const flipped = Buffer.from(good)
          const at = Math.floor((good.length * part) / 12)
          flipped[at] = (flipped[at] ?? 0) ^ (1 << (part % 8))
          await refused(flipped)
        }
        await refused(readFileSync(later.backup))
        await refused(good, readFileSync(later.backup.replace(/\.[^/]*$/, '.json'), 'utf8'))
        // Cut by somebody who knows how to tell it.
        const cut = good.subarray(0, good.length >> 1)
        const { seal: _, ...metadata } = JSON.parse(words) as { readonly seal: string }
        const told = { ...metadata, size: cut.length, checksum: sha256(cut) }
        const text = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
        await refused(cut, text({ ...told, seal: `sha256 ${sha256(text(told))}` }))
        expect(await everything()).toEqual(before)
        writeFileSync(backup, good)
        writeFileSync(described, words)
        await restoreBackup(pipeline, backup)
        expect(await everything()).not.toEqual(before)
      }
    })

    test('kill -9 while it is saved or put back: the one state or the other, and the next command goes on', async () => {
      const killed = async (point: string, ...args: string[]): Promise<void> => {
        const env = { ETL_FAILPOINTS: `${point}:kill` }
        const { signal, stderr } = await runEtl(args, { cwd: place.dir, env })
        expect([signal, stderr]).toEqual(['SIGKILL', expect.stringContaining(`failpoint ${point}`)])
      }
      for (const scope of ['touched', 'database']) {
        await load({ scope, keep: 10, dir: `killed-${scope}` })
        await killed('backup-written', 'backup', 'pipeline.yaml')
        const made = await place.etl('backup', 'pipeline.yaml', '--json')
        expect(made.code, made.stderr).toBe(0)
        expect(readdirSync(place.path(`killed-${scope}`)).filter(name => name.includes('part'))).toEqual([])
        const { backup } = JSON.parse(made.stdout) as BackupResult
        const then = await everything()
        await schema.exec(`insert into plain values ('${scope}')`)
        const now = await everything()
        await killed('backup-written', 'restore', backup, 'pipeline.yaml', '--yes')
        expect(await everything()).toEqual(now)
        // The rows come back with the commit; a tool of the server has committed before.
        await killed('restore-written', 'restore', backup, 'pipeline.yaml', '--yes')
        expect(await everything()).toEqual(scope === 'touched' ? now : then)
        const again = await place.etl('restore', backup, 'pipeline.yaml', '--yes')
        expect(again.code, again.stderr).toBe(0)
        expect(await everything()).toEqual(then)
      }
    })

    test('kill -9 while the tool runs: nothing of the login is left', async () => {
      await load({ scope: 'database', dir: 'killed-tool' })
      const [folder, bin, seen] = ['temporary', 'bin', 'seen'].map(name => place.path(name)) as [string, string, string]
      mkdirSync(folder)
      // The tool's own program says its version; as soon as it is to dump, it ends who called it.
      place.write(
        `bin/${program}`,
        `#!/bin/sh
case "$1" in --version) PATH="\${PATH#*:}" exec ${program} "$@";; esac
cat /dev/fd/3 > '${seen}'
kill -9 $PPID
`,
      )
      chmodSync(join(bin, program), 0o755)
      const env = { TMPDIR: folder, PATH: `${bin}:${process.env.PATH}` }
      const { signal, stderr } = await runEtl(['backup', 'pipeline.yaml'], { cwd: place.dir, env })
      expect(signal, stderr).toBe('SIGKILL')
      expect(readFileSync(seen, 'utf8')).toContain(new URL(String(schema.config.url)).password)
      expect(readdirSync(folder)).toEqual([])
    })

    test('all of it is saved by the tool of the server, with its schema', async () => {
      const pipeline = await load({ scope: 'database', encrypt: 'a key of the test', keep: 10 })
      const before = await everything()
      const saved = await backupTarget(pipeline)
      expect(saved).toMatchObject({ scope: 'database', encrypted: true, tool: expect.stringMatching(tool) })
      const counts = saved.tables
        .filter(({ table }) => !table.startsWith('etl_'))
        .map(({ table, rows }) => [table, rows])
      expect(counts.sort()).toEqual([
        ['apart', 2],
        ['member', 2],
        ['plain', 4],
        ['team', 2],
      ])
      expect(readFileSync(saved.backup).includes('old one')).toBe(false)
      await schema.exec(
        'drop view shown; alter table team drop constraint team_boss; delete from member; drop table apart',
      )
      const cut = readFileSync(saved.backup)
      writeFileSync(saved.backup, cut.subarray(0, cut.length >> 1))
      await expect(restoreBackup(pipeline, saved.backup)).rejects.toMatchObject({ code: 'E541' })
      writeFileSync(saved.backup, cut)
      const back = await restoreBackup(pipeline, saved.backup)
      expect(back).toMatchObject({ whole: true, preRestore: { scope: 'database', tool: expect.stringMatching(tool) } })
      expect(await everything()).toEqual(before)
      expect((await schema.rows('select name from shown order by 1')).map(String)).toEqual(['old one', 'old two'])
      await expect(schema.exec('insert into member values (99, 99, null)')).rejects.toThrow()
      expect(readdirSync(place.path('backups')).filter(file => /part|plain\b/.test(file))).toEqual([])
    })
  })
}
