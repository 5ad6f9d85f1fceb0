import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const SRC = resolve('src')

/** Rooms from the ground up; a file may import from its own room and from lower ones. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['connectors', 'transforms', 'explain'],
  ['load', 'spec'],
  ['plan'],
  ['engine'],
  ['run'],
  ['checks', 'coverage', 'verify', 'backup', 'undo', 'inspect', 'init', 'mapping-test', 'doctor', 'trace'],
  ['job', 'history'],
  ['rehearsal', 'cluster'],
  ['index.ts'],
  ['ui', 'report'],
  ['commands', 'cli.ts'],
]
const DRIVERS: Readonly<Record<string, string>> = {
  pg: 'connectors/postgres',
  'better-sqlite3': 'connectors/sqlite',
  mysql2: 'connectors/mysql',
  oracledb: 'connectors/oracle',
  'pg-boss': 'engine/pg-boss',
  '@restatedev/restate-sdk': 'engine/restate',
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => /\.tsx?$/.test(file))

function layerOf(file: string): number {
  const room = file.split('/')[0] ?? ''
  return LAYERS.findIndex(rooms => rooms.includes(room))
}

interface Import {
  readonly from: string
  readonly typeOnly: boolean
  readonly dynamic: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found: Import[] = []
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"\n;]*?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm,
  )) {
    found.push({ from: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: false })
  }
  for (const match of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g))
    found.push({ from: match[1] ?? '', typeOnly: false, dynamic: true })
  return found
}

test('every room has a layer', () => {
  expect(files.filter(file => layerOf(file) < 0)).toEqual([])
})

test('imports only go down', () => {
  const wrong = files.flatMap(file =>
    importsOf(file)
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from }) => relative(SRC, resolve(SRC, file, '..', from)))
      .filter(to => layerOf(to.split('/').length === 1 ? to.replace(/\.js$/, '.ts') : to) > layerOf(file))
      .map(to => `${file} -> ${to}`),
  )
  expect(wrong).toEqual([])
})

test('connectors do not know each other', () => {
  const wrong = files
    .filter(file => /^connectors\/[^/]+\//.test(file))
    .flatMap(file =>
      importsOf(file)
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => relative(SRC, resolve(SRC, file, '..', from)))
        .filter(to => to.startsWith('connectors/') && to.split('/')[1] !== file.split('/')[1])
        .map(to => `${file} -> ${to}`),
    )
  expect(wrong).toEqual([])
})

test('a driver is loaded only by its connector or engine, and only when it is needed', () => {
  const wrong = files.flatMap(file =>
    importsOf(file)
      .filter(({ from }) => DRIVERS[from] !== undefined)
      .filter(({ from, typeOnly, dynamic }) => !file.startsWith(`${DRIVERS[from]}/`) || !(typeOnly || dynamic))
      .map(({ from }) => `${file} -> ${from}`),
  )
  expect(wrong).toEqual([])
})

test('what is loaded at run time is a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  const wrong = files.flatMap(file =>
    [
      ...readFileSync(join(SRC, file), 'utf8').matchAll(
        /^(?:import|export) (?!type )[\w\s{},*$]*? from '([^'.][^']*)'/gm,
      ),
    ]
      .map(([, from = '']) => from)
      .filter(from => !from.startsWith('node:'))
      .filter(from => dependencies[/^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? ''] === undefined)
      .map(from => `${file} -> ${from}`),
  )
  expect(wrong).toEqual([])
})

test('only the outer layers and load/env.ts look at the environment, the console and the process', () => {
  // core/tool.ts hands the environment on to the programs it runs, and reads nothing from it.
  const allowed = (file: string): boolean =>
    layerOf(file) >= layerOf('ui') || ['load/env.ts', 'spec/generate.ts', 'core/tool.ts'].includes(file)
  const wrong = files.filter(
    file =>
      !allowed(file) &&
      /\bprocess\.(env|stdout|stderr|exit|argv)\b|\bconsole\./.test(
        readFileSync(join(SRC, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, ''),
      ),
  )
  expect(wrong).toEqual([])
})

test('no file is longer than 400 lines', () => {
  const long = files
    .map(file => [file, readFileSync(join(SRC, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 401)
  expect(long).toEqual([])
})
