import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadPipeline } from '../../src/index.js'
import { CLI, Workspace } from '../support/etl.js'
import { type OpenTerminal, openTerminal } from '../support/terminal.js'

function place(): Workspace {
  const at = new Workspace()
  const tables = Array.from({ length: 14 }, (_, i) => `create table extra_${i + 10} (id integer primary key);`)
  at.source(`create table CLIENT (ID integer primary key, NAME text); ${tables.join('')}`)
  at.target('create table clients (id integer primary key, name text); create table extra_10 (id integer primary key)')
  at.write('taken.yaml', 'mine')
  return at
}

function init(at: Workspace, columns: number, rows: number, ...args: string[]): OpenTerminal {
  return openTerminal([process.execPath, CLI, 'init', ...args], { columns, rows, cwd: at.dir })
}

const sees = (terminal: OpenTerminal, text: string): Promise<string> =>
  terminal.until(rows => rows.find(row => row.includes(text)))

test('asks for both sides, tries them, lets tables be chosen, and writes the file', async () => {
  const at = place()
  const terminal = init(at, 80, 24)
  await sees(terminal, 'What is read?')
  terminal.type('postgres://me:TOPSECRET@127.0.0.1:1/x')
  await sees(terminal, '> postgres://me:•••••••••@127.0.0.1:1/x')
  terminal.type('\r')
  await sees(terminal, 'cannot reach the server')
  terminal.type('\u007f'.repeat(38))
  await sees(terminal, ' > _')
  terminal.type('source.sqlite\r')
  await sees(terminal, 'Which tables?')
  await sees(terminal, ' > [x] CLIENT    2 columns')
  await sees(terminal, '… 3 more')
  const frame = terminal.screen.rows
  expect(frame.length).toBeLessThanOrEqual(24)
  expect(Math.max(...frame.map(row => row.length))).toBeLessThanOrEqual(80)
  terminal.type('a')
  await sees(terminal, ' > [ ] CLIENT')
  terminal.type('\r')
  await sees(terminal, 'no table is taken')
  terminal.type(' ')
  await sees(terminal, ' > [x] CLIENT')
  terminal.type('\r')
  await sees(terminal, 'tables 1 of 15')
  terminal.type('sqlite:target.sqlite\r')
  await sees(terminal, 'What is the file to be called?')
  terminal.type('\u007f'.repeat('pipeline.yaml'.length))
  await sees(terminal, ' > _')
  terminal.type('taken.yaml\r')
  await sees(terminal, 'taken.yaml is there already')
  terminal.type('\u007f'.repeat('taken.yaml'.length))
  await sees(terminal, ' > _')
  terminal.type('mine.yaml\r')
  expect(await terminal.exit).toBe(0)
  expect(terminal.screen.history).toContain('✔ mine.yaml')
  expect(terminal.raw()).not.toContain('TOPSECRET')
  const { spec } = await loadPipeline(at.path('mine.yaml'), { env: {} })
  expect(spec.entities.map(({ name, fields }) => [name, fields.length])).toEqual([['clients', 2]])
  expect(readFileSync(at.path('taken.yaml'), 'utf8')).toBe('mine')
}, 60_000)

test('escape goes back, ctrl-C leaves with 130 and writes nothing, also on a small terminal without Unicode', async () => {
  const at = place()
  const terminal = init(at, 60, 20, '--ascii', '--no-color')
  await sees(terminal, 'What is read?')
  terminal.type('source.sqlite\r')
  await sees(terminal, '> [x] CLIENT')
  expect(Math.max(...terminal.screen.rows.map(row => row.length))).toBeLessThanOrEqual(60)
  terminal.type('\u001b')
  await sees(terminal, '> source.sqlite_')
  terminal.type('\u0003')
  expect(await terminal.exit).toBe(130)
  expect(existsSync(at.path('pipeline.yaml'))).toBe(false)
}, 60_000)
