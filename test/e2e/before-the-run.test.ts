import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLI, resultOf, Workspace } from '../support/etl.js'

const FILE = `version: 1
name: p
vars: { region: US }
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
lookups: { name_of: { table: NAMES, key: CODE, value: NAME } }
entities:
  item:
    from: ITEM
    to: item
    fields: { id: ID, name: { from: CODE, lookup: name_of } }
`

function place(names: string, file = FILE): Workspace {
  const at = new Workspace()
  at.source(`create table ITEM (ID integer primary key, CODE text); create table NAMES (CODE text, NAME text);
    insert into ITEM values (1, 'a'), (2, 'b'); insert into NAMES values ${names}`)
  at.target('create table item (id integer primary key, name text)')
  at.write('pipeline.yaml', file)
  return at
}

describe('a look-up whose keys stand for several values', () => {
  const at = place("('a', 'A'), ('a', 'other'), ('b', 'B'), (null, 'x'), (null, 'y')")

  test('is said by plan and check, and ends the run before anything of the batch is written', async () => {
    const plan = JSON.parse((await at.etl('plan', 'pipeline.yaml', '--json')).stdout) as {
      warnings: { code: string; message: string }[]
    }
    expect(plan.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['E519', 'nothing in NAMES keeps CODE unique, and a key with several values ends the run'],
    ])
    const check = await at.etl('check', 'pipeline.yaml', '--json')
    expect(check.code).toBe(1)
    const { items } = JSON.parse(check.stdout) as { items: { where: string; code?: string; detail: string }[] }
    expect(items.filter(item => item.where === 'look-up name_of')).toEqual([
      {
        where: 'look-up name_of',
        what: 'key CODE',
        ok: false,
        detail: '1 key has several rows',
        code: 'E519',
        hint: 'keep one row a key there, or look up in a view that does',
      },
    ])
    const run = resultOf((await at.run('--json')).stdout)
    expect(run.error).toMatchObject({ code: 'E519', message: 'NAMES has several values for 1 key of CODE' })
    expect(at.rows('select count(*) from item')).toEqual([[0]])
    at.source(`delete from NAMES where NAME = 'other'`)
    expect((await at.run('--resume')).code).toBe(0)
    expect(at.rows('select id, name from item order by id')).toEqual([
      [1, 'A'],
      [2, 'B'],
    ])
  })
})

describe('the command line', () => {
  test('a --var that nothing uses is refused with the nearest name; one that is used is not', async () => {
    const at = place("('a', 'A'), ('b', 'B')")
    const wrong = await at.etl('validate', 'pipeline.yaml', '--var', 'regoin=EU')
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      `✖ E520 usage
  what   --var regoin: nothing in pipeline.yaml uses it
  hint   Did you mean "region"?
`,
    ])
    expect((await at.etl('validate', 'pipeline.yaml', '--var', 'region=EU')).code).toBe(0)
  })

  test('check --json and plan --json print one document when the connection fails', async () => {
    const at = place("('a', 'A')", FILE.replace('path: source.sqlite', 'path: nothing.sqlite'))
    for (const command of ['check', 'plan']) {
      const told = await at.etl(command, 'pipeline.yaml', '--json')
      const document = JSON.parse(told.stdout) as { ok?: boolean; error: { code: string; where: string } }
      expect(told.code).toBe(5)
      expect(document.error).toMatchObject({ code: 'E303', where: 'nothing.sqlite' })
      expect(document.ok).toBe(command === 'check' ? false : undefined)
    }
  })

  test('hints can be pasted: the path and the options that decide what the file says', async () => {
    const at = place("('a', 'A')", FILE.replace('lookup: name_of', 'lookup: name_of, on_missing: fail'))
    const run = await at.run('--var', 'region=E U')
    expect(run.code).toBe(1)
    expect(run.stderr).toContain("`etl run pipeline.yaml --var 'region=E U' --resume`")
    expect(run.stderr).toContain('or set `on_missing: quarantine` in name and add --accept-changes')
    at.source(`insert into NAMES values ('b', 'B')`)
    at.write(
      'pipeline.yaml',
      FILE.replace('lookup: name_of', 'lookup: name_of, on_missing: quarantine, required: true'),
    )
    const changed = await at.run('--resume', '--var', 'region=E U')
    expect(changed.code).toBe(2)
    expect(changed.stderr).toContain('entities.item.fields.name.lookup.onMissing: "fail" → "quarantine"\n')
    expect(changed.stderr).toContain('entities.item.fields.name.required: false → true\n')
    expect((await at.run('--resume', '--accept-changes', '--var', 'region=E U')).code).toBe(0)
  })
})

test('a folder in which neither the ledger nor a table can be created is told by check', async () => {
  const copy = '  copy: { from: ITEM, to: { table: copy, create: if_missing }, fields: { id: ID } }\n'
  const at = place("('a', 'A'), ('b', 'B')", FILE + copy)
  const pass = await at.etl('check', 'pipeline.yaml', '--json')
  expect(pass.code).toBe(0)
  chmodSync(at.path('target.sqlite'), 0o666)
  chmodSync(at.dir, 0o555)
  // Root may write everything: then another user asks.
  const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const told = spawnSync(process.execPath, [CLI, 'check', 'pipeline.yaml', '--json'], { cwd: at.dir, ...other })
  chmodSync(at.dir, 0o755)
  expect(told.stderr.toString()).toBe('')
  const { items } = JSON.parse(told.stdout.toString()) as { items: { ok: boolean }[] }
  const missing = {
    where: 'target',
    ok: false,
    code: 'E311',
    detail: 'the folder of target.sqlite cannot be written, so no table can be created in target.sqlite',
    hint: `\`chmod u+w '${at.dir}'\` as its owner`,
  }
  expect(items.filter(item => !item.ok)).toEqual([
    { ...missing, what: 'create copy' },
    { ...missing, what: 'create the ledger' },
  ])
  expect(told.status).toBe(5)
})
