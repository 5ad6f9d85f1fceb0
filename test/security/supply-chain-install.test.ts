import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, temporaryFolder } from '../support/etl.js'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
}
const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 })

describe('packages: an installation without anybody’s scripts but those approved, and its bill of materials', () => {
  test('npm ci --ignore-scripts and the one rebuild make a program that moves rows', () => {
    const folder = temporaryFolder()
    for (const name of ['package.json', 'package-lock.json', 'dist', 'schemas', 'examples'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: path => !path.includes('.etl') })
    npm(folder, 'ci', '--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund')
    // Nothing was compiled, and nothing beside it needs to be.
    const binding = join(folder, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node')
    expect(existsSync(binding)).toBe(false)
    npm(folder, 'rebuild', 'better-sqlite3')
    expect(existsSync(binding)).toBe(true)
    const script = `for (const name of ${JSON.stringify(Object.keys(manifest.dependencies))}) await import(name)
      console.log('all there')`
    writeFileSync(join(folder, 'all.mjs'), script)
    expect(execFileSync(process.execPath, ['all.mjs'], { cwd: folder, encoding: 'utf8' })).toContain('all there')
    execFileSync(process.execPath, ['examples/first/data.mjs'], { cwd: folder })
    const args = [join(folder, 'dist/cli.js'), 'run', 'examples/first/pipeline.yaml', '--yes', '--json']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    // One of its three rows has an e-mail that is none.
    expect([status, stdout], stderr).toEqual([3, expect.stringContaining('"written":2')])
  }, 600_000)

  test('only better-sqlite3 of what users install may run a script', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly dev?: boolean }>>
    }
    const scripted = Object.entries(lock.packages)
      .filter(([path, { hasInstallScript, dev }]) => path !== '' && hasInstallScript === true && dev !== true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(scripted.filter(name => manifest.allowScripts[name] !== false)).toEqual(['better-sqlite3'])
    for (const name of scripted) expect(Object.keys(manifest.allowScripts)).toContain(name)
  })

  test('the bill of materials names every package of users with its version and hash, and no other', () => {
    const bill = JSON.parse(npm(ROOT, 'run', '--silent', 'sbom')) as {
      readonly bomFormat: string
      readonly components: readonly { name: string; version: string; hashes?: readonly unknown[] }[]
    }
    expect(bill.bomFormat).toBe('CycloneDX')
    for (const [name, version] of Object.entries(manifest.dependencies))
      expect(
        bill.components.some(each => each.name === name && each.version === version),
        name,
      ).toBe(true)
    expect(bill.components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([])
    expect(bill.components.map(({ name }) => name)).not.toContain('vitest')
  }, 120_000)
})
