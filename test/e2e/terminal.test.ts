import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI, runEtl } from '../support/etl.js'
import { type OpenTerminal, openTerminal } from '../support/terminal.js'
import { differences, makeShop, one, type Shop } from './shop.js'

function run(shop: Shop, args: readonly string[] = [], columns = 80, rows = 24): OpenTerminal {
  return openTerminal([process.execPath, CLI, 'run', ...args], { columns, rows, cwd: shop.dir })
}

/** Rows read of an entity, as the screen says. */
function rowsOf(entity: string, screen: readonly string[]): number | undefined {
  const row = screen.find(line => new RegExp(`^ . ${entity} `).test(line))
  const match = /([\d,]+) (?:\/|rows)/.exec(row ?? '')
  return match?.[1] === undefined ? undefined : Number(match[1].replaceAll(',', ''))
}

/** Waits until the entity has read some, then until it has read more. */
async function seeRowsMove(terminal: OpenTerminal, entity: string): Promise<void> {
  const some = await terminal.until(screen => rowsOf(entity, screen) || undefined)
  await terminal.until(screen => ((rowsOf(entity, screen) ?? 0) > some ? true : undefined))
}

test('rows move, q stops after the batch with 130, --resume loads the rest exactly once', async () => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const terminal = run(shop)
  await seeRowsMove(terminal, 'orders')
  const frame = terminal.screen.rows
  expect(frame.some(row => /^ etl run {2}shop +run \S+ {3}elapsed \d\d:\d\d$/.test(row))).toBe(true)
  expect(frame).toContain(' [p] pause  [↑↓] select  [⏎] details  [l] log  [?] help  [q] stop, resumable')
  expect(Math.max(...frame.map(row => row.length))).toBeLessThanOrEqual(80)
  terminal.type('q')
  expect(await terminal.exit).toBe(130)
  expect(terminal.screen.history).toContain('etl run etl.yaml --resume')

  const { n: before } = one(shop.target, 'select count(*) as n from orders') as { n: number }
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(30_000)
  const resumed = await runEtl(['run', '--resume', '--batch-size', '5000'], { cwd: shop.dir })
  expect(resumed.code, resumed.stderr).toBe(0)
  expect(one(shop.target, 'select count(*) as n from orders')).toEqual({ n: 30_000 })
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
}, 120_000)

test('p pauses and goes on, ctrl-c stops like q', async () => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const terminal = run(shop)
  await seeRowsMove(terminal, 'orders')
  terminal.type('p')
  await terminal.until(rows => rows.find(row => row.endsWith('paused, [p] goes on')))
  // Batches already in work still arrive.
  await new Promise(resolve => setTimeout(resolve, 1000))
  const paused = rowsOf('orders', terminal.screen.rows)
  await new Promise(resolve => setTimeout(resolve, 1000))
  expect(rowsOf('orders', terminal.screen.rows)).toBe(paused)
  terminal.type('p')
  await terminal.until(rows => ((rowsOf('orders', rows) ?? 0) > (paused ?? 0) ? true : undefined))
  terminal.type('\u0003')
  expect(await terminal.exit).toBe(130)
}, 120_000)

test('the frame of a finished run makes room for the summary', async () => {
  const shop = makeShop(1000)
  const terminal = run(shop)
  expect(await terminal.exit).toBe(0)
  const text = terminal.screen.history
  expect(text).toMatch(/^ ✔ shop {2}finished {3}run /m)
  expect(text).toMatch(/^ ✔ {2}orders +1,000 +1,000 /m)
  expect(text).not.toContain('[q] stop')
  expect(
    terminal.raw().trimEnd().endsWith('\u001b[?25h') ||
      terminal.raw().lastIndexOf('\u001b[?25h') > terminal.raw().lastIndexOf('\u001b[?25l'),
  ).toBe(true)
}, 60_000)

test('rows that are there already are asked about; only y goes on', async () => {
  const shop = makeShop(100)
  expect((await runEtl(['run'], { cwd: shop.dir })).code).toBe(0)
  const refused = run(shop)
  await refused.until(rows => rows.find(row => row.startsWith('Go on? [y/N]')))
  refused.type('n\r')
  expect(await refused.exit).toBe(1)
  expect(refused.screen.history).toContain('writes orders (insert) to orders, which holds rows already')
  expect(refused.screen.history).toContain('✖ E514 confirmation needed')

  const accepted = run(shop)
  await accepted.until(rows => rows.find(row => row.startsWith('Go on? [y/N]')))
  accepted.type('y\r')
  // Every row exists already: none is written twice.
  expect(await accepted.exit).toBe(1)
  expect(accepted.screen.history).toContain('✖ E529 rows are there already')
  expect(one(shop.target, 'select count(*) as n from orders')).toEqual({ n: 100 })
}, 60_000)

test('a table is emptied only where its pipeline’s name is typed', async () => {
  const shop = makeShop(100)
  expect((await runEtl(['run'], { cwd: shop.dir })).code).toBe(0)
  const file = join(shop.dir, 'etl.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('    to: orders\n', '    to: orders\n    load: replace\n'))
  const ask = async (answer: string) => {
    const terminal = run(shop, ['--entity', 'orders'])
    await terminal.until(rows => rows.find(row => row.startsWith('Type shop to go on:')))
    terminal.type(`${answer}\r`)
    return { code: await terminal.exit, text: terminal.screen.history }
  }
  const refused = await ask('y')
  expect(refused.code).toBe(1)
  expect(refused.text).toContain('empties orders, which holds rows, and loads orders')
  expect(refused.text).toContain('not confirmed; nothing was written')
  const typed = await ask('shop')
  expect(typed.text).toMatch(/^ ✔ {2}orders +100 +100 /m)
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
}, 60_000)

test('a restore and an undo want their name typed in full: anything else touches nothing', async () => {
  const shop = makeShop(100)
  const pipeline = join(shop.dir, 'etl.yaml')
  writeFileSync(pipeline, `${readFileSync(pipeline, 'utf8')}undo: true\nbackup: true\n`)
  expect((await runEtl(['run', '--yes'], { cwd: shop.dir })).code).toBe(0)
  const { runId } = JSON.parse(readFileSync(join(shop.dir, '.etl/shop/checkpoint.json'), 'utf8')) as { runId: string }
  const [backup = ''] = readdirSync(join(shop.dir, 'backups')).filter(name => name.endsWith('.db'))
  const loaded = readFileSync(shop.target)
  const answered = async (question: string, keys: string, ...args: string[]): Promise<[number, string]> => {
    const terminal = openTerminal([process.execPath, CLI, ...args], { columns: 100, rows: 30, cwd: shop.dir })
    await terminal.until(rows => rows.find(row => row.startsWith(question)))
    terminal.type(keys)
    return [await terminal.exit, terminal.screen.history]
  }
  const undo = (keys: string) => answered(`Type ${runId} to take it back:`, keys, 'undo', 'last')
  const restore = (keys: string) => answered('Type shop to restore:', keys, 'restore', join('backups', backup))
  for (const ask of [undo, restore]) {
    for (const keys of ['y\r', 'sho\r', '\u0004']) {
      const [code, screen] = await ask(keys)
      expect([keys, code, screen]).toEqual([
        keys,
        1,
        expect.stringMatching(/E514 .*not confirmed; nothing was (touched|taken back)/s),
      ])
    }
    expect((await ask('\u0003'))[0]).toBe(130)
  }
  expect(readFileSync(shop.target).equals(loaded)).toBe(true)
  const [undone, what] = await undo(`${runId}\r`)
  expect([undone, what]).toEqual([0, expect.stringMatching(/orders +orders +100[\s\S]*is taken back/)])
  expect(one(shop.target, 'select count(*) as n from orders')).toEqual({ n: 0 })
  const [restored, shown] = await restore('shop\r')
  expect([restored, shown]).toEqual([0, expect.stringMatching(/all of it is replaced[\s\S]*is as it was/)])
  expect(readFileSync(shop.target).equals(readFileSync(join(shop.dir, 'backups', backup)))).toBe(true)
}, 120_000)

test('60 columns and 12 rows: no row wider, the scrollback kept', async () => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const terminal = run(shop, [], 60, 12)
  await seeRowsMove(terminal, 'orders')
  expect(Math.max(...terminal.screen.rows.map(row => row.length))).toBeLessThanOrEqual(60)
  terminal.type('q')
  expect(await terminal.exit).toBe(130)
  expect(terminal.raw()).not.toContain('\u001b[3J')
}, 120_000)

test('an entity is selected, its details, the log and the help are opened and left while rows move', async () => {
  const shop = makeShop(30_000, { batchSize: 20, dirtyRows: 3 })
  const terminal = run(shop)
  await seeRowsMove(terminal, 'orders')
  const row = (text: RegExp) => terminal.until(rows => rows.find(line => text.test(line)))
  terminal.type('\u001b[B')
  await row(/^▸✔ customers /)
  terminal.type('\u001b[B')
  await row(/^▸● orders /)
  terminal.type('\r')
  await row(/^ {3}from {7}ORDERS ━━▶ orders, insert$/)
  await row(/^ {3}batches {4}\d+ of 20 rows, one every \d/)
  for (const stage of ['read', 'transform', 'write']) await row(new RegExp(`^ {3}${stage} +[█-▏·]+ +\\d+%`))
  await row(/^ +3 {2}E401 note: required value is missing$/)
  expect(terminal.screen.rows.some(line => /customers/.test(line) && !/after/.test(line))).toBe(false)
  terminal.type('l')
  await row(/^ \d\d:\d\d ✔ customers {2}done in /)
  terminal.type('?')
  await row(/^ p {10}pause after the batches in work; p goes on$/)
  terminal.type('\u001b')
  await row(/^ Σ total /)
  terminal.type('q')
  expect(await terminal.exit).toBe(130)
}, 120_000)

test('a window that changes its size: every row fits, nothing of the old frame is left', async () => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const terminal = run(shop, [], 120, 40)
  await seeRowsMove(terminal, 'orders')
  for (const [columns, rows] of [
    [60, 20],
    [40, 10],
    [100, 30],
  ] as const) {
    terminal.resize(columns, rows)
    await terminal.until(screen => {
      const drawn = screen.filter(line => line !== '')
      const whole =
        drawn[0]?.startsWith(' etl run  shop') === true &&
        drawn.at(-1)?.startsWith(' [p] pause') === true &&
        drawn.filter(line => line.startsWith(' etl run')).length === 1 &&
        drawn.filter(line => line.startsWith(' Σ total')).length === 1
      return whole && drawn.every(line => line.length <= columns) && drawn.length <= rows - 2 ? true : undefined
    })
  }
  await seeRowsMove(terminal, 'orders')
  terminal.type('q')
  expect(await terminal.exit).toBe(130)
}, 120_000)

test('a terminal that is closed: the work goes on to its end and says so in the run’s folder', async () => {
  const shop = makeShop(30_000, { batchSize: 20, dirtyRows: 2 })
  const terminal = run(shop)
  await seeRowsMove(terminal, 'orders')
  terminal.hangUp()
  await terminal.exit
  const runs = join(shop.dir, '.etl/shop/runs')
  const log = join(runs, readdirSync(runs)[0] ?? '', 'run.log')
  const end = Date.now() + 60_000
  while (!existsSync(log) || !readFileSync(log, 'utf8').includes('next  ')) {
    if (Date.now() > end) throw new Error('the run did not come to its end')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  const text = readFileSync(log, 'utf8')
  expect(text.split('\n')[0]).toMatch(/^\d{4}-\S+Z ⚠ the terminal was closed; the run goes on$/)
  expect(text).toMatch(/Z ⚠ orders {2}done in \S+ {2}30,000 read, 29,998 written, 2 quarantined\n/)
  expect(text).toMatch(/^ ⚠ shop {2}finished, 2 rows quarantined {3}run /m)
  expect(differences(shop)).toEqual({ missing: 0, extra: 0 })
}, 120_000)

test('a terminal that says it is dumb gets lines; one without colours gets the screen without', async () => {
  const shop = makeShop(500)
  const open = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    openTerminal([process.execPath, CLI, 'run', '--restart', '--yes', ...args], {
      columns: 80,
      rows: 24,
      cwd: shop.dir,
      env,
    })
  const dumb = open({ TERM: 'dumb' })
  expect(await dumb.exit).toBe(0)
  expect(dumb.raw()).not.toContain('\u001b')
  expect(dumb.screen.history).toMatch(/^\d\d:\d\d:\d\d ✔ orders {2}done in /m)
  const slow = makeShop(30_000, { batchSize: 20 })
  const plain = openTerminal([process.execPath, CLI, 'run', '--ascii'], {
    columns: 80,
    rows: 24,
    cwd: slow.dir,
    env: { NO_COLOR: '1' },
  })
  await seeRowsMove(plain, 'orders')
  expect(
    plain
      .raw()
      .split('\u001b[')
      .filter(sequence => /^[\d;]*m/.test(sequence)),
  ).toEqual([])
  expect(plain.screen.rows.join('')).toMatch(/^[\x20-\x7e]+$/)
  plain.type('q')
  expect(await plain.exit).toBe(130)
}, 120_000)

test('where CI is set lines are the default; the screen is drawn where it is asked for', async () => {
  const shop = makeShop(30_000, { batchSize: 20 })
  const command = [process.execPath, CLI, 'run', '--progress', 'tty']
  const env = { CI: 'true', CONTINUOUS_INTEGRATION: 'true' }
  const terminal = openTerminal(command, { columns: 80, rows: 24, cwd: shop.dir, env })
  await seeRowsMove(terminal, 'orders')
  terminal.type('q')
  expect(await terminal.exit).toBe(130)
  const lines = openTerminal([process.execPath, CLI, 'run', '--resume'], { columns: 80, rows: 24, cwd: shop.dir, env })
  expect(await lines.exit).toBe(0)
  expect(lines.raw()).not.toContain('[q] stop')
}, 60_000)
