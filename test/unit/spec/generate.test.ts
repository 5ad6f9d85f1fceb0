import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const copy = mkdtempSync(join(tmpdir(), 'etl-generate-'))
const schema = join(copy, 'schemas/pipeline.schema.json')

function generate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'dist/spec/generate.js'), ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

beforeAll(() => {
  for (const name of ['package.json', 'schemas']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = ['-p', root, '--outDir', join(copy, 'dist'), '--declaration', 'false', '--noCheck']
  execFileSync(process.execPath, [tsc, ...args], { stdio: 'pipe' })
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

describe('npm run generate', () => {
  it('writes both files, and then its check is content', () => {
    rmSync(schema)
    expect(generate()).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(existsSync(schema)).toBe(true)
    expect(generate('--check')).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('fails its check when the schema is stale, without writing', () => {
    const stale = readFileSync(schema, 'utf8').replace('"version"', '"edition"')
    writeFileSync(schema, stale)
    expect(generate('--check')).toEqual({ status: 1, stdout: '', stderr: 'Stale schema. Run `npm run generate`.\n' })
    expect(readFileSync(schema, 'utf8')).toBe(stale)
    rmSync(schema)
    expect(generate('--check').status).toBe(1)
  })
})
