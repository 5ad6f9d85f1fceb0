// Prints the bill of materials of what users install, as CycloneDX JSON.
// `npm sbom --omit=dev` leaves out what a package for development needs as well (npm 11.19), so npm sees only the rest.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'etl-sbom-'))
const root = new URL('..', import.meta.url)
const read = name => JSON.parse(readFileSync(new URL(name, root), 'utf8'))
const forUsers = ({ devDependencies, peerDependencies, peerDependenciesMeta, ...rest }) => rest

try {
  const lock = read('package-lock.json')
  const packages = Object.entries(lock.packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, entry]) => [path, path === '' ? forUsers(entry) : entry])
  writeFileSync(join(folder, 'package.json'), JSON.stringify(forUsers(read('package.json'))))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }))
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
  process.exitCode = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
