import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RehearsalReport } from '../../../src/index.js'
import { resultOf } from '../../support/etl.js'
import { type OpenSystem, openSystem } from '../open.js'
import { abparts, buildAbparts, SIZES, type Size } from './abparts.js'

const sized = (size: Size): Promise<OpenSystem> => openSystem(abparts, 1, place => buildAbparts(place, size))
const { organizations, users, parts } = SIZES[1] as Size

test('rules, backup, seven steps, rules: every null is filled as the business says', async () => {
  const at = await sized({ organizations, users, parts })
  const before = await at.state()
  const dry = await at.etl('run', '--dry-run', '--json')
  expect(dry.code, dry.stderr).toBe(0)
  expect(await at.state()).toBe(before)

  const run = await at.etl('run', '--yes', '--json')
  expect(run.code, run.stderr).toBe(0)
  const count = async (sql: string): Promise<number> =>
    Number((await at.server.rows(`select count(*) from ${sql}`))[0]?.[0])
  expect(await at.server.rows('select organization_type, count(*) from organizations group by 1 order by 1')).toEqual([
    ['bossaqua', '1'],
    ['customer', '7'],
    ['oraseas_ee', '1'],
    ['supplier', '1'],
  ])
  expect(await count('organizations where is_active is null')).toBe(0)
  expect(
    await count('organizations o where not exists (select from warehouses w where w.organization_id = o.id)'),
  ).toBe(0)
  // Two have a depot of their own already.
  expect(await count(`warehouses where name = 'Main Warehouse'`)).toBe(8)
  expect(
    await count(
      'users where user_status is null or role is null or failed_login_attempts is null or is_active is null',
    ),
  ).toBe(0)
  expect(
    await count(`parts where (part_type = 'bulk_material') <> (unit_of_measure in ('liters', 'kg', 'ml', 'grams'))`),
  ).toBe(0)
  expect(await count(`parts where (name ilike '%bossaqua%') and not is_proprietary`)).toBe(0)
  expect(await count('machines where customer_organization_id is distinct from organization_id')).toBe(0)
  expect(
    await count(`inventory i join warehouses w on w.id = i.warehouse_id where w.organization_id = i.organization_id`),
  ).toBe(100)
  expect(
    await count(
      'inventory where current_stock is null or minimum_stock_recommendation is null or unit_of_measure is null',
    ),
  ).toBe(0)
  expect(await count('transactions')).toBe(await count('inventory where current_stock > 0'))
  expect(
    await at.server.rows('select sum(quantity) = (select sum(current_stock) from inventory) from transactions'),
  ).toEqual([['t']])

  const backups = readdirSync(join(at.dir, 'backups'))
  expect(backups.some(name => /^abparts_backup_\d{8}_\d{6}\./.test(name))).toBe(true)
  for (const name of backups) expect(statSync(join(at.dir, 'backups', name)).mode & 0o777).toBe(0o600)

  const again = await at.etl('run', '--yes', '--json')
  expect(again.code, again.stderr).not.toBe(5)
  const undone = await at.etl('undo', resultOf(run.stdout).runId ?? '', '--yes')
  if (undone.code !== 0) expect((await at.etl('undo', 'last', '--yes')).code).toBe(0)
}, 120_000)

test('a rule that is broken beforehand stops the run before anything is written', async () => {
  const at = await sized({ organizations, users, parts })
  await at.server.exec(`update parts set part_number = 'P-1'`)
  const before = await at.state()
  const run = await at.etl('run', '--yes', '--json')
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('part numbers are unique')
  expect(await at.state()).toBe(before)
})

test('a rule that fails after the run undoes it', async () => {
  const at = await sized({ organizations, users, parts })
  await at.server.exec(`update organizations set name = 'Somebody else' where name = 'Oraseas EE'`)
  const before = await at.state()
  const run = await at.etl('run', '--yes', '--json')
  expect(run.code).toBe(1)
  expect(run.stderr).toContain('exactly one Oraseas EE')
  expect(await at.state()).toBe(before)
})

test('samples of five sizes: run, verified, undone, each as it was before', async () => {
  const at = await openSystem(abparts)
  const before = await at.state()
  const junit = join(at.dir, 'samples.xml')
  const include = "organizations: name ilike '%oraseas%'"
  const result = await at.etl('test', '--sample', '3,10,25,50,100', '--include', include, '--json', '--junit', junit)
  expect(result.code, result.stdout).toBe(0)
  const { sizes } = JSON.parse(result.stdout) as RehearsalReport
  expect(sizes.map(({ size }) => size)).toEqual([3, 10, 25, 50, 100])
  for (const { size, status, counts, undo, checks, verification, entities } of sizes) {
    expect([size, status, undo.state, verification?.wrong]).toEqual([size, 'ok', 'as-before', []])
    // Warnings alone: some organization has no admin, some machine is a supplier's.
    expect(checks.broken.filter(({ severity }) => severity !== 'warning')).toEqual([])
    expect(counts.read).toBe(counts.written)
    const read = Object.fromEntries(entities.map(({ name, counts: of }) => [name, of.read]))
    // What the sampled rows refer to comes on top.
    for (const name of ['organizations', 'users', 'parts', 'machines', 'inventory'])
      expect(read[name]).toBeGreaterThanOrEqual(size)
    expect(read.users).toBe(size)
  }
  expect(sizes.at(-1)?.entities.find(({ name }) => name === 'organizations')?.counts.read).toBe(100)
  expect(await at.state()).toBe(before)
  expect(await at.server.rows(`select count(*) from pg_namespace where nspname like 'etl\\_sample%'`)).toEqual([['0']])
})
