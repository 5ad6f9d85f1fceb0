import { readFileSync, writeFileSync } from 'node:fs'
import { connectors } from '../connectors/registry.js'
import { functions } from '../transforms/registry.js'
import { referenceText, schemaText } from './emit.js'

/** Writes what the registries say into `schemas/`; with `--check` it only compares. */
const parts = { connectors, functions: [...functions.values()] }
const files = [
  [new URL('../../schemas/pipeline.schema.json', import.meta.url), schemaText(parts)],
  [new URL('../../schemas/REFERENCE.md', import.meta.url), referenceText(parts)],
] as const

if (process.argv.includes('--check')) {
  const stale = files.some(([file, text]) => read(file) !== text)
  if (stale) {
    process.stderr.write('Stale schema. Run `npm run generate`.\n')
    process.exitCode = 1
  }
} else {
  for (const [file, text] of files) writeFileSync(file, text)
}

function read(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
