import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ROOT, temporaryFolder } from '../support/etl.js'
import { startProcess } from '../support/process.js'

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

const place = temporaryFolder()
const etl = join(place, 'node_modules/etl-runner/dist/cli.js')
let packed: Packed

/** Packs, and unpacks into an empty folder beside what the package depends on, and nothing of what only building it needs. */
beforeAll(() => {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', place]
  const told = execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  packed = (JSON.parse(told) as Packed[])[0] as Packed
  execFileSync('tar', ['-xzf', packed.filename], { cwd: place })
  mkdirSync(join(place, 'node_modules'))
  cpSync(join(place, 'package'), join(place, 'node_modules/etl-runner'), { recursive: true })
  rmSync(join(place, 'package'), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(place, 'node_modules', name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(place, 'node_modules', name))
  }
})

function run(...args: string[]) {
  return startProcess(process.execPath, [etl, ...args], { cwd: place }).result
}

test('the package holds the program, its types, the schema and what a reader needs, and nothing else', () => {
  const paths = packed.files.map(({ path }) => path)
  expect(paths.filter(path => !path.startsWith('dist/')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
    'schemas/REFERENCE.md',
    'schemas/pipeline.schema.json',
  ])
  expect(paths.filter(path => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))).toEqual([])
  const built = new Set(
    readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).map(path => path.replace(/\.tsx?$/, '')),
  )
  const strays = paths
    .filter(path => path.startsWith('dist/') && !path.startsWith('dist/chunks/'))
    .filter(path => !built.has(path.slice('dist/'.length).replace(/(\.d\.ts|\.js)$/, '')))
  expect(strays).toEqual([])
  expect(packed.size).toBeLessThan(2_500_000)
  expect(packed.unpackedSize).toBeLessThan(8_000_000)
})

test('in an empty folder it says its version, validates and runs', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  cpSync(join(ROOT, 'examples/first/pipeline.yaml'), join(place, 'pipeline.yaml'))
  cpSync(join(ROOT, 'examples/first/data.mjs'), join(place, 'data.mjs'))
  execFileSync(process.execPath, ['data.mjs'], { cwd: place })
  expect(await run('validate')).toMatchObject({ code: 0, stdout: '✔ pipeline.yaml is valid: 1 entity\n' })
  const ran = await run('run', '--yes')
  expect(ran.code, ran.stderr).toBe(3)
  expect(ran.stdout).toMatch(/ people +3 +2 +1 /)
  const begun = await run(
    'init',
    '--from',
    'sqlite:.etl/old.sqlite',
    '--to',
    'sqlite:.etl/fresh.sqlite',
    '-o',
    'begin.yaml',
  )
  expect(begun.code, begun.stderr).toBe(0)
})

test('its programming interface is found by its name', () => {
  const script = 'import { loadPipeline } from "etl-runner"; console.log(typeof loadPipeline)'
  const node = [process.execPath, ['--input-type=module', '-e', script], { cwd: place, encoding: 'utf8' }] as const
  expect(execFileSync(...node)).toBe('function\n')
})
