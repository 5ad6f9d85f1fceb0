import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CLI, startProcess, Workspace } from '../support/etl.js'

const PIPELINE = (target: string): string => `version: 1
name: modes
sources: { old: { type: sqlite, path: source.sqlite } }
target: ${target}
BACKUP
defaults: { on_error: quarantine }
entities:
  person:
    from: PERSON
    to: TABLE
    fields: { id: { from: ID, type: int64 }, name: { from: NAME, apply: [trim], type: text }, age: { from: AGE, type: int32 } }
tests:
  - { entity: person, given: { ID: 1, NAME: " a ", AGE: "7" }, expect: { name: a, age: 7 } }
`

const SQLITE = PIPELINE('{ type: sqlite, path: made/new.sqlite }')
  .replace('BACKUP', 'backup: { keep: 9 }\nundo: true')
  .replace('TABLE', '{ table: person, create: if_missing }')
const CSV = PIPELINE('{ type: csv, path: out/csv }')
  .replace('BACKUP\n', '')
  .replace('TABLE', 'person')
  .replace('name: modes', 'name: csvs')

/** Everything in the folder that was not there before, with its mode. */
function modes(folder: string, own: ReadonlySet<string>): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(entry => [join(entry.parentPath, entry.name), entry.isDirectory()] as const)
    .filter(([path]) => !own.has(path))
    .map(
      ([path, isFolder]) =>
        `${path.slice(folder.length + 1)}${isFolder ? '/' : ''} ${(statSync(path).mode & 0o777).toString(8)}`,
    )
}

describe('files and folders that the program makes, under a umask that shares everything and one that shares nothing', () => {
  test.each(['000', '077'])(
    'umask %s: 0600 and 0700, all of them',
    async umask => {
      const place = new Workspace()
      place.source(`create table PERSON (ID integer primary key, NAME text, AGE text);
      insert into PERSON values (1, 'ada', '36'), (2, 'bob', 'unknown'), (3, 'eve', '20')`)
      place.write('sqlite.yaml', SQLITE)
      place.write('csv.yaml', CSV)
      place.write('jsonl.yaml', CSV.replaceAll('csv', 'jsonl'))
      mkdirSync(place.path('tmp'))
      const own = new Set(readdirSync(place.dir).map(name => place.path(name)))
      const etl = async (code: number, ...args: string[]): Promise<string> => {
        const line = [`umask ${umask} && exec "$@"`, 'sh', process.execPath, CLI, ...args]
        const { code: got, ...said } = await startProcess('sh', ['-c', ...line], {
          cwd: place.dir,
          env: { TMPDIR: place.path('tmp') },
        }).result
        expect(got, `${args.join(' ')}\n${said.stdout}${said.stderr}`).toBe(code)
        return said.stdout
      }
      await etl(3, 'run', 'sqlite.yaml', '--yes', '--log-file', 'run.log', '--verify', 'full')
      await etl(3, 'run', 'csv.yaml', '--yes')
      await etl(3, 'run', 'jsonl.yaml', '--yes')
      await etl(0, 'plan', 'sqlite.yaml', '-o', 'saved.plan.json')
      await etl(0, 'report', 'last', 'sqlite.yaml', '--format', 'junit', '-o', 'report.xml')
      await etl(0, 'test', 'sqlite.yaml', '--junit', 'tests.xml')
      await etl(0, 'schema', 'sqlite.yaml', '--live')
      const { backup } = JSON.parse(await etl(0, 'backup', 'sqlite.yaml', '--json')) as { backup: string }
      await etl(0, 'restore', backup, 'sqlite.yaml', '--yes')
      await etl(0, 'verify', 'sqlite.yaml', '--before')
      await etl(0, 'init', '--from', 'source.sqlite', '--to', 'made/new.sqlite', '-o', 'first.yaml')
      const made = modes(place.dir, own)
      expect(made.length).toBeGreaterThan(30)
      expect(made.filter(line => !line.endsWith('/ 700') && !/[^/] 600$/.test(line))).toEqual([])
    },
    120_000,
  )

  test('a state folder that others may enter is closed to them by the next run', async () => {
    const place = new Workspace()
    place.source(
      `create table PERSON (ID integer primary key, NAME text, AGE text); insert into PERSON values (1, 'ada', 'x')`,
    )
    place.write('pipeline.yaml', SQLITE)
    for (const folder of ['.etl', '.etl/modes', '.etl/modes/runs']) {
      mkdirSync(place.path(folder))
      chmodSync(place.path(folder), 0o777)
    }
    const run = await place.run()
    expect(run.code, run.stderr).toBe(3)
    const open = modes(place.dir, new Set()).filter(line => /^(\.etl|backups)/.test(line))
    expect(open.filter(line => !/ (600|700)$/.test(line))).toEqual([])
  })

  test('a backup folder that everybody may write to is closed to everybody', async () => {
    const place = new Workspace()
    place.source(
      `create table PERSON (ID integer primary key, NAME text, AGE text); insert into PERSON values (1, 'ada', '36')`,
    )
    place.write('pipeline.yaml', SQLITE)
    expect((await place.run()).code).toBe(0)
    const saved = async (): Promise<string> => {
      const { stdout } = await place.etl('backup', 'pipeline.yaml', '--json')
      return dirname((JSON.parse(stdout) as { backup: string }).backup)
    }
    const folder = await saved()
    chmodSync(folder, 0o777)
    expect(await saved()).toBe(folder)
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('775')
  })

  // Whoever is not root owns every folder that they can make.
  test.runIf(process.getuid?.() === 0)("somebody else's folder that everybody may write to is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'etl-open-'))
    try {
      for (const name of ['open', 'sticky', 'closed']) mkdirSync(join(folder, name))
      chmodSync(folder, 0o755)
      chmodSync(join(folder, 'open'), 0o777)
      chmodSync(join(folder, 'sticky'), 0o1777)
      cpSync('dist/core', join(folder, 'core'), { recursive: true })
      chmodSync(join(folder, 'core'), 0o755)
      const script = `import { closeToEverybody, privateFolder } from './core/private-folder.js'
        for (const name of ['open', 'sticky', 'closed']) for (const make of [closeToEverybody, privateFolder])
          console.log(name, await make('${folder}/' + name).then(() => 'taken', error => [error.code, error.message, error.hint].join(': ')))`
      const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: folder,
        encoding: 'utf8',
        uid: 65_534,
        gid: 65_534,
      })
      const refused = `E513: everybody may write to the folder ${folder}/open, and it is not yours to close: have its owner run \`chmod o-w\` on it, or name a folder of your own`
      const taken = ['sticky taken', 'sticky taken', 'closed taken', 'closed taken']
      expect(said.trim().split('\n')).toEqual([`open ${refused}`, `open ${refused}`, ...taken])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
