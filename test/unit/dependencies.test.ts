import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const page = readFileSync('docs/dependencies.md', 'utf8')

test('every package has its reason, and no other is named', () => {
  const rows = page.split('\n').filter(line => line.startsWith('| `'))
  const named = rows.flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  const ours = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  expect(named).toHaveLength(ours.length)
  expect(new Set(named)).toEqual(new Set(ours))
  for (const name of Object.keys(manifest.devDependencies).filter(each => !each.startsWith('@types/'))) {
    expect(page).toContain(`\`${name}\``)
  }
})

test('what a package takes on disk is about what the page says', () => {
  const rows = page.split('\n').filter(line => line.startsWith('| `'))
  const wrong = rows.flatMap(row => {
    const cells = row.split('|').map(cell => cell.trim())
    const names = [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
    const size = names.reduce((sum, name) => sum + bytesOf(join('node_modules', name)), 0) / 1e6
    // What is compiled differs from machine to machine.
    const said = cells[5] === '< 0.1' ? 0.1 : Number(cells[5])
    return size <= said * 1.5 + 0.1 && size >= said / 2 - 0.1 ? [] : [`${names}: ${size.toFixed(1)} MB`]
  })
  expect(wrong).toEqual([])
})

function bytesOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

test('every package is pinned to one version', () => {
  const ranges = Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  }).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  expect(ranges).toEqual([])
})

test('every package that may be installed for users is held to its hash', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly dev?: boolean }>>
  }
  const users = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  expect(users.length).toBeGreaterThan(80)
  expect(users.filter(([, { integrity }]) => integrity === undefined)).toEqual([])
})
