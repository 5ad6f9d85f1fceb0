import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_TABLES } from '../../src/run/ledger-tables.js'
import { type Artefact, artefactsIn, filesIn, hits, Mark } from '../support/canary.js'
import { CLI, type EtlResult, startProcess, Workspace } from '../support/etl.js'
import { openTerminal } from '../support/terminal.js'
import { ENGINES, type MarkedEngine, type MarkedPlace } from './secrets-engines.js'

const WORD = new Mark('Zx9MarkedZx9')
const ROW = new Mark('Rw7KeptRw7')
const PASSWORD = `p@'ss/+${WORD.word}#1\\ &%`

/** Where rows are kept, as the documentation says, and nowhere else. */
const KEEPS_ROWS = /^backups\/|\/quarantine\/|^database\.sqlite|^\.etl\/\w+\/runs\/\w+\/backup\//
const LEDGER_KEEPS_ROWS = new Set(['etl_undo'])

describe('marked passwords and rows in everything that is told, kept and called', () => {
  describe.each(ENGINES.map(engine => [engine.name, engine] as const))('%s', (_, engine) => attack(engine))
})

function attack(engine: MarkedEngine): void {
  const place = new Workspace()
  const told: Artefact[] = []
  let marked: MarkedPlace
  let own: ReadonlySet<string>

  async function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<EtlResult> {
    const line = ['umask 000 && ulimit -c 0 && exec "$@"', 'sh', process.execPath, CLI, ...args]
    const env = { ...environment(), ...more }
    const result = await startProcess('sh', ['-c', ...line], { cwd: place.dir, env }).result
    const name = args.join(' ')
    told.push(
      { name: `stdout of ${name}`, content: result.stdout },
      { name: `stderr of ${name}`, content: result.stderr },
    )
    return result
  }

  async function etl(code: number, ...args: string[]): Promise<EtlResult> {
    const result = await start(args)
    expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code)
    // Whatever was lent to a program of the database is gone with it.
    expect(readdirSync(place.path('tmp'))).toEqual([])
    return result
  }

  function environment(): Record<string, string> {
    return { ...marked.env, PATH: `${place.path('bin')}:${process.env.PATH}`, TMPDIR: place.path('tmp') }
  }

  /** A file per way to fail: by our own rules, by a key, by a trigger, and by what the server says of a condition. */
  function pipeline(name: string, more: { where?: string; hook?: string; onError?: string } = {}): void {
    place.write(
      `${name}.yaml`,
      `version: 1
name: ${name}
sources: { old: ${marked.block} }
target: ${marked.block}
backup: { keep: 9${marked.env.BACKUP_KEY === undefined ? '' : ', encrypt: "${BACKUP_KEY}"'} }
undo: true
verify: full
defaults: { max_errors: 50, on_error: ${more.onError ?? 'quarantine'} }
${more.hook === undefined ? '' : `hooks: { after: ['${more.hook.replaceAll("'", "''")}'] }`}
entities:
  person:
    from: old_person
    to: person
    ${more.where === undefined ? '' : `where: ${JSON.stringify(more.where)}`}
    load: upsert
    fields:
      id: id
      name: { from: name, apply: [trim] }
      age: { from: age, type: int32, on_invalid: quarantine }
`,
    )
  }

  beforeAll(async () => {
    mkdirSync(place.path('tmp'))
    marked = await engine.open(PASSWORD, place.dir)
    // What a program is called with, and what it could see around it, is written down on the way to it.
    for (const tool of marked.tools) {
      const real = execFileSync('which', [tool], { encoding: 'utf8' }).trim()
      const note = `{ echo "${tool} $*"; env; tr '\\0' '\\n' < /proc/$$/environ; } >> "${place.path('calls')}"`
      place.write(`bin/${tool}`, `#!/bin/sh\n${note}\nexec ${real} "$@"\n`)
      chmodSync(place.path('bin', tool), 0o755)
    }
    await marked.exec(`create table old_person (id integer primary key, name varchar(50), age varchar(30));
      create table person (id integer primary key, name varchar(50) unique, age integer check (age <> 99))`)
    for (const [id, name, age] of [
      [1, ' ada', '36'],
      [2, 'bob', `not a number ${ROW.word}`],
      [3, 'eve', '20'],
      [4, 'eve', '21'],
      [5, 'old', '99'],
    ])
      await marked.exec(`insert into old_person values (${id}, '${name} ${ROW.word}', '${age}')`)
    await marked.exec(`insert into person values (1, 'before ${ROW.word}', 1)`)
    for (const name of ['canary', 'again']) pipeline(name)
    pipeline('stops', { onError: 'fail' })
    pipeline('bad', { where: engine.bad })
    const hook = 'insert into person select id + 100, name, 99 from old_person'
    // The tests' statements quote every name where that matters.
    const quoted = hook.replaceAll(/\b(person|old_person|id|name)\b/g, '"$1"')
    pipeline('hooked', { hook: engine.bad.includes('"') ? quoted : hook })
    own = new Set(filesIn(place.dir))
  })
  afterAll(() => marked?.drop())

  test('a run, its proof, its way back, and everything that is said of it', async () => {
    await etl(0, 'validate', 'canary.yaml', '--json')
    // Not every server of the tests has the dictionary that these look into.
    await start(['check', 'canary.yaml', '--verbose'])
    await start(['doctor', 'canary.yaml'])
    await etl(0, 'plan', 'canary.yaml', '-o', 'saved.plan.json')
    await etl(3, 'run', 'canary.yaml', '--yes', '--verbose', '--log-file', 'run.log')
    await etl(0, 'verify', 'canary.yaml', '--level', 'full', '--verbose')
    await etl(0, 'verify', 'canary.yaml', '--json')
    await etl(0, 'quarantine', 'canary.yaml')
    await etl(0, 'runs', 'canary.yaml', '--json')
    await etl(0, 'report', 'last', 'canary.yaml', '--format', 'json', '-o', 'run.json')
    await etl(0, 'report', 'last', 'canary.yaml', '--format', 'junit', '-o', 'run.xml')
    await etl(0, 'report', 'last', 'canary.yaml')
    // Somebody changed a row: undo says which, and verify that it differs.
    await marked.exec(`update person set name = 'mine ${ROW.word}' where id = 1`)
    await etl(4, 'verify', 'canary.yaml', '--verbose')
    await etl(2, 'undo', 'last', 'canary.yaml', '--yes', '--verbose')
    await marked.exec(`update person set name = 'ada ${ROW.word}' where id = 1`)
    // PostgreSQL sees that it was changed, also when it is as it was.
    await etl(0, 'undo', 'last', 'canary.yaml', '--yes', '--verbose', '--skip-conflicts')
    const { backup } = JSON.parse((await etl(0, 'backup', 'canary.yaml', '--json', '--verbose')).stdout)
    await etl(0, 'restore', backup, 'canary.yaml', '--yes', '--verbose')
    const terminal = openTerminal([process.execPath, CLI, 'run', 'again.yaml', '--yes'], {
      columns: 100,
      rows: 30,
      cwd: place.dir,
      env: environment(),
    })
    expect(await terminal.exit, terminal.screen.history).toBe(3)
    told.push({ name: 'a terminal', content: terminal.raw() })
    await etl(3, 'run', 'again.yaml', '--yes', '--json', '--verbose')
  }, 600_000)

  test('what fails: by a row, by a condition, by a statement, by the connection', async () => {
    for (const name of ['stops', 'bad', 'hooked']) {
      await etl(1, 'run', `${name}.yaml`, '--yes', '--verbose', '--log-file', 'failed.log')
      await etl(1, 'run', `${name}.yaml`, '--yes', '--restart', '--json', '--verbose')
    }
    for (const wrong of marked.wrong) {
      for (const command of ['backup', 'doctor']) {
        const { code } = await start([command, 'canary.yaml', '--verbose'], wrong)
        expect(code, command).toBeGreaterThan(0)
      }
      expect((await start(['run', 'again.yaml', '--yes', '--json', '--verbose'], wrong)).code).toBeGreaterThan(0)
    }
  }, 600_000)

  test.each(['throw', 'reject', 'value', 'signal', 'abort'])('a crash: %s', async crash => {
    const reports = '--report-uncaught-exception --report-on-fatalerror --report-on-signal --report-directory=.'
    const result = await start(['run', 'again.yaml', '--yes', '--restart', '--verbose'], {
      NODE_OPTIONS: `${reports} --import=${new URL('crash.mjs', import.meta.url).href}`,
      CRASH: crash,
      CANARIES: `${PASSWORD} ${ROW.word}`,
    })
    expect(result.signal ?? result.code).not.toBe(0)
    if (['throw', 'reject', 'value'].includes(crash)) {
      expect(result.code).toBe(1)
      expect(result.stderr).toContain('E901')
    }
  })

  test('no mark is anywhere but where it is said to be', async () => {
    const written = filesIn(place.dir).filter(
      file => !own.has(file) && file !== 'calls' && !file.startsWith('database'),
    )
    const calls = existsSync(place.path('calls')) ? readFileSync(place.path('calls'), 'utf8') : ''
    for (const tool of marked.tools) expect(calls).toContain(`${tool} -`)
    const ledger: Artefact[] = []
    for (const table of Object.keys(LEDGER_TABLES)) {
      const rows = await marked.rows(`select * from ${engine.quote}${table}${engine.quote}`)
      const content = rows
        .flat()
        .map(cell => (Buffer.isBuffer(cell) ? cell.toString('latin1') : String(cell)))
        .join('\n')
      ledger.push({ name: `table ${table}`, content })
    }
    expect(ledger.find(({ name }) => name === 'table etl_reject')?.content).not.toBe('')
    const files = artefactsIn(place.dir, written)
    const everything = [...told, ...files, ...ledger, { name: 'calls', content: calls }]
    const passwords = hits(WORD, everything)
    const rows = hits(
      ROW,
      everything.filter(({ name }) => !KEEPS_ROWS.test(name) && !LEDGER_KEEPS_ROWS.has(name.replace('table ', ''))),
    )
    // The marks are found where they are.
    const kept = hits(
      ROW,
      files.filter(({ name }) => KEEPS_ROWS.test(name)),
    )
    expect(kept.length).toBeGreaterThan(0)
    expect(WORD.isIn(Object.values(marked.env).join())).toBe(true)
    console.log(
      `${engine.name}: ${passwords.length} passwords and ${rows.length} rows in ${everything.length} artefacts ` +
        `(${told.length} outputs, ${files.length} files, ${ledger.length} tables)`,
    )
    expect({ passwords, rows }).toEqual({ passwords: [], rows: [] })
  })
}
